#!/usr/bin/env perl
# SPDX-License-Identifier: GPL-2.0-only
#
# lockctl doctor: whatever is broken, the command that it prints mends it.

use strict;
use warnings;

BEGIN {
	chdir(($0 =~ m{(.*)/})[0] . '/../..') or die "no tree: $!";
	require './tests/cli/cli.pl';
}

need_device();

# It breaks the system that it runs on, which must be a machine of tests/vm/run.
my $module = $ENV{LOCKMGR_KO} // do {
	print "1..0 # SKIP not in a virtual machine\n";
	exit;
};
chomp(my $release = qx(uname -r));
my $installed = "/lib/modules/$release/updates/lockmgr.ko";

sub sh
{
	my ($command) = @_;

	system($command) and die "$command failed\n";
}

# A check's row.
sub check
{
	my ($name, $user) = @_;

	return (grep { $_->{check} eq $name } @{rows_as($user // 'root', 'doctor')})[0];
}

sub result
{
	my ($name, $user) = @_;

	return check($name, $user)->{result};
}

sub status
{
	return lockctl_as($_[0] // 'root', 'doctor')->{status};
}

# What the doctor says is bad, and that its remedy, typed as it is, makes it content.
sub mends
{
	my ($name, $what, $user) = @_;
	my $check = check($name, $user);
	my $remedy = $check->{remedy} // '';

	same("$check->{result} " . status($user), 'bad 1', "${what}_is_found");
	# There is no sudo in the machine, and no need of it.
	$remedy =~ s/^sudo //;
	my $said = run_as('root', '', 'sh', '-c', $remedy);
	same("$said->{status}$said->{err}", '0', "${what}_has_a_remedy: $remedy");
	same(result($name, $user) . ' ' . status($user), 'ok 0', "${what}_is_mended");
}

sub test_content
{
	same(status(), 0, 'the_doctor_is_content');
	matches(lockctl('doctor')->{out}, qr/^No problem was found\.$/m, 'and_says_so');
	same(status('daemon'), 0, 'with_any_user');
	# The machine has it from the tree.
	same(result('module'), 'note', 'it_notes_that_the_module_is_not_installed');
	matches(check('module')->{detail}, qr/not installed for kernel \Q$release\E: .*'make install-module'/,
		'for_this_kernel_and_says_what_installs_it');
	same(check('module')->{remedy} // '', '', 'which_no_package_would');
}

sub test_installed
{
	sh("install -D -m 644 '$module' '$installed' && depmod");
	same(check('module')->{detail} . ' ' . result('module'), "$installed ok",
	     'it_finds_the_module_where_it_is_installed');
}

sub test_not_loaded
{
	sh('rmmod lockmgr');
	matches(lockctl('list')->{err}, qr/'lockctl doctor' says what is missing/,
		'other_commands_send_to_the_doctor');
	same(lockctl('list')->{status}, 69, 'and_end_with_69');
	mends('loaded', 'a_module_that_is_not_loaded');
}

# Each would have modprobe fail, or do what an administrator does not want.
sub test_forbidden
{
	my $rule = '/etc/modprobe.d/lockmgr-forbidden.conf';
	my %reasons = (
		'install lockmgr /bin/false' => qr/: modprobe\.d runs '\/bin\/false' instead$/,
		'blacklist lockmgr' => qr/: modprobe\.d or the command line blacklists it$/,
	);

	sh('rmmod lockmgr');
	for my $text (sort keys %reasons) {
		write_file($rule, "$text\n");
		matches(check('loaded')->{detail}, $reasons{$text}, "a_rule_is_named: $text");
		same(result('loaded') . (check('loaded')->{remedy} // ''), 'bad', 'and_not_gone_against');
		unlink($rule);
	}
	cover('/proc/sys/kernel/modules_disabled', "1\n");
	matches(check('loaded')->{detail}, qr/: kernel\.modules_disabled is 1: /,
		'a_kernel_that_loads_no_modules_is_named');
	same(check('loaded')->{remedy} // '', '', 'and_not_asked_to');
	uncover('/proc/sys/kernel/modules_disabled');

	my $said = run_as('root', '', qw(setpriv --bounding-set -sys_module),
			  'build/lockctl/lockctl', 'doctor', '--json');
	my ($loaded) = grep { $_->{check} eq 'loaded' } @{JSON::PP->new->decode($said->{out})->{checks}};
	matches($loaded->{detail}, qr/: this is a container; its host must load it$/,
		'a_container_cannot_load_it');
	same($loaded->{remedy} // '', '', 'and_is_not_asked_to');
	sh('modprobe lockmgr');
}

sub test_node
{
	sh('rm /dev/lockmgr');
	mends('device', 'a_missing_node');
	sh('rm /dev/lockmgr && mknod -m 666 /dev/lockmgr c 1 3');
	same(result('version'), 'bad', 'another_device_is_not_taken_for_it');
	mends('device', 'a_wrong_node');
}

sub test_permission
{
	sh('chmod 600 /dev/lockmgr');
	same(status(), 0, 'root_may_do_all');
	mends('permission', 'a_node_for_root_only', 'daemon');
	matches(check('permission', 'daemon')->{detail}, qr/you may use/, 'it_says_who_may');

	sh('chgrp games /dev/lockmgr && chmod 660 /dev/lockmgr');
	same(check('permission', 'daemon')->{remedy}, 'sudo usermod -aG games daemon',
	     'a_node_for_a_group_is_for_those_who_join_it');
	sh('chgrp root /dev/lockmgr && chmod 666 /dev/lockmgr');
}

# As if it had been copied there from another kernel's directory.
sub test_built_for_another
{
	my $text = read_file($installed);
	my $other = $release =~ s/^\d/9/r;

	$text =~ s/vermagic=\Q$release\E/vermagic=$other/ or die "$installed: no vermagic\n";
	write_file($installed, $text);
	same(result('module') . ' ' . check('module')->{detail},
	     "bad $installed is built for kernel $other, this is $release",
	     'a_module_for_another_kernel_is_bad');
	matches(check('module')->{remedy}, qr/\S/, 'it_says_how_to_get_one_for_this_one');
	sh("install -m 644 '$module' '$installed'");
	same(result('module'), 'ok', 'one_for_this_kernel_is_not');
}

# A file that says something else, until it is uncovered.
sub cover
{
	my ($path, $text) = @_;
	my $cover = scratch_directory() . '/cover';

	write_file($cover, $text);
	sh("mount --bind '$cover' '$path'");
}

sub uncover
{
	sh("umount '$_[0]'");
}

# As the kernel's own tools do it: the signature, what kind it is, and a last line.
sub sign
{
	my ($path, $name) = @_;
	my $key = scratch_directory() . '/key';

	sh("openssl req -new -x509 -newkey rsa:2048 -nodes -subj '/CN=$name' " .
	   "-keyout $key -out $key.pem 2>$key.log");
	sh("openssl cms -sign -binary -noattr -nocerts -outform DER -md sha256 " .
	   "-in '$path' -signer $key.pem -inkey $key -out $key.cms");
	my $signature = read_file("$key.cms");
	write_file($path, read_file($path) . $signature .
		   pack('C5x3N', 0, 0, 2, 0, 0, length($signature)) .
		   "~Module signature appended~\n");
}

sub key_line
{
	return "0123abcd I------     1 perm 1f030000     0     0 asymmetri $_[0]: 00: X509.rsa 00 []\n";
}

sub test_signature
{
	my $signer = 'A key of this machine';
	my $enforced = '/sys/module/module/parameters/sig_enforce';

	if (!-e $enforced) {
		same(result('signature'), 'ok', 'a_kernel_that_knows_no_signatures_wants_none');
		return;
	}
	cover($enforced, "Y\n");
	same(result('signature'), 'ok', 'a_loaded_module_was_good_enough_for_the_kernel');
	sh('rmmod lockmgr');
	same(result('signature'), 'bad', 'where_signatures_are_wanted_a_module_without_one_is_bad');
	matches(check('signature')->{detail}, qr/: README says how to sign this one$/,
		'it_has_to_be_signed_first');
	same(check('signature')->{remedy} // '', '', 'to_enroll_a_key_would_not_help');

	sign($installed, $signer);
	cover('/proc/keys', key_line("$signer too"));
	same(result('signature') . (check('signature')->{remedy} // ''), 'bad',
	     'so_is_one_with_a_key_that_the_kernel_does_not_have');
	my $made = !-d '/var/lib/dkms';
	sh('mkdir -p /var/lib/dkms');
	my $key = '/var/lib/dkms/mok.pub';
	if (!-e $key) {
		write_file($key, '');
		same(check('signature')->{remedy}, "mokutil --import $key",
		     'which_is_mended_by_enrolling_the_key_that_there_is');
		unlink($key);
	}
	rmdir('/var/lib/dkms') if $made;
	same(result('signature', 'daemon'), 'unknown', 'which_only_root_can_know');
	uncover('/proc/keys');
	cover('/proc/keys', key_line($signer));
	same(result('signature') . ' ' . check('signature')->{detail}, "ok signed by $signer",
	     'one_with_a_key_that_it_has_is_not');
	uncover('/proc/keys');

	uncover($enforced);
	same(result('signature'), 'ok', 'where_none_are_wanted_any_module_will_do');
	sh("install -m 644 '$module' '$installed' && modprobe lockmgr");
}

sub test_nothing
{
	sh("rmmod lockmgr && rm '$installed' && depmod");
	same(status(), 1, 'without_a_module_it_is_not_content');
	if (-e "/lib/modules/$release/build/Makefile") {
		matches(check('module')->{detail}, qr/: build it from its source, as README says$/,
			'it_says_where_to_get_one');
		return;
	}
	cover('/etc/os-release', "ID=fedora\n");
	same(check('module')->{remedy}, "dnf install kernel-devel-$release", 'it_says_where_to_get_one');
	matches(lockctl('doctor')->{out}, qr/^To fix the first problem, run this, then doctor again:\n  dnf install kernel-devel-\Q$release\E$/m,
		'in_words');
	uncover('/etc/os-release');
	cover('/etc/os-release', "ID=other\n");
	matches(check('module')->{detail}, qr/: install the package with this kernel's headers$/,
		'where_the_command_is_not_known_it_says_what_is_needed');
	same(check('module')->{remedy} // '', '', 'and_no_command');
	uncover('/etc/os-release');
}

# As it was, whatever happened.
END {
	if (defined $module && -e $module) {
		my $status = $?;

		system('rmmod lockmgr 2>/dev/null; rm -f /dev/lockmgr; insmod "$LOCKMGR_KO"');
		$? = $status;
	}
}

test_content();
test_installed();
test_not_loaded();
test_forbidden();
test_node();
test_permission();
test_built_for_another();
test_signature();
test_nothing();
done();
