#!/usr/bin/env perl
# SPDX-License-Identifier: GPL-2.0-only
#
# lockctl doctor: whatever is broken, it prints a command that fixes it.

use strict;
use warnings;

BEGIN {
	chdir(($0 =~ m{(.*)/})[0] . '/../..') or die "no tree: $!";
	require './tests/cli/cli.pl';
}

need_device();

# This test breaks the system that it runs on, which must be a virtual machine of tests/vm/run.
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

# Tests that doctor finds a problem, and that the command which it prints fixes that.
sub mends
{
	my ($name, $what, $user) = @_;
	my $check = check($name, $user);
	my $remedy = $check->{remedy} // '';

	same("$check->{result} " . status($user), 'bad 1', "${what}_is_found");
	# The machine has no sudo, and root does not need it.
	$remedy =~ s/^sudo //;
	my $said = run_as('root', '', 'sh', '-c', $remedy);
	same("$said->{status}$said->{err}", '0', "${what}_has_a_remedy: $remedy");
	same(result($name, $user) . ' ' . status($user), 'ok 0', "${what}_is_mended");
}

sub test_no_problem
{
	same(status(), 0, 'doctor_finds_no_problem');
	matches(lockctl('doctor')->{out}, qr/^No problem was found\.$/m, 'doctor_says_that_it_found_no_problem');
	same(status('daemon'), 0, 'doctor_finds_no_problem_as_another_user');
	# The machine has loaded the module from the tree; it is not installed.
	same(result('module'), 'note', 'a_module_that_is_not_installed_is_a_note');
	matches(check('module')->{detail}, qr/not installed for kernel \Q$release\E: .*'make install-module'/,
		'the_note_says_what_installs_the_module');
	same(check('module')->{remedy} // '', '', 'the_note_has_no_command');
}

sub test_installed
{
	sh("install -D -m 644 '$module' '$installed' && depmod");
	same(check('module')->{detail} . ' ' . result('module'), "$installed ok",
	     'doctor_finds_the_installed_module');
}

sub test_not_loaded
{
	sh('rmmod lockmgr');
	matches(lockctl('list')->{err}, qr/'lockctl doctor' says what is missing/,
		'other_commands_refer_to_doctor');
	same(lockctl('list')->{status}, 69, 'other_commands_end_with_69');
	mends('loaded', 'a_module_that_is_not_loaded');
}

# With each of these, modprobe would fail, or do what an administrator does not want.
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
		matches(check('loaded')->{detail}, $reasons{$text}, "the_rule_is_named: $text");
		same(result('loaded') . (check('loaded')->{remedy} // ''), 'bad', "the_rule_makes_loaded_bad_without_a_command: $text");
		unlink($rule);
	}
	cover('/proc/sys/kernel/modules_disabled', "1\n");
	matches(check('loaded')->{detail}, qr/: kernel\.modules_disabled is 1: /,
		'modules_disabled_is_named');
	same(check('loaded')->{remedy} // '', '', 'modules_disabled_has_no_command');
	uncover('/proc/sys/kernel/modules_disabled');

	my $said = run_as('root', '', qw(setpriv --bounding-set -sys_module),
			  'build/lockctl/lockctl', 'doctor', '--json');
	my ($loaded) = grep { $_->{check} eq 'loaded' } @{JSON::PP->new->decode($said->{out})->{checks}};
	matches($loaded->{detail}, qr/: this is a container; its host must load it$/,
		'in_a_container_its_host_must_load_the_module');
	same($loaded->{remedy} // '', '', 'in_a_container_there_is_no_command');
	sh('modprobe lockmgr');
}

sub test_node
{
	sh('rm /dev/lockmgr');
	mends('device', 'a_missing_node');
	sh('rm /dev/lockmgr && mknod -m 666 /dev/lockmgr c 1 3');
	same(result('version'), 'bad', 'a_node_of_another_device_makes_version_bad');
	mends('device', 'a_wrong_node');
}

sub test_permission
{
	sh('chmod 600 /dev/lockmgr');
	same(status(), 0, 'a_node_for_root_only_is_good_for_root');
	mends('permission', 'a_node_for_root_only', 'daemon');
	matches(check('permission', 'daemon')->{detail}, qr/you may use/, 'doctor_says_that_the_user_may_use_the_node');

	sh('chgrp games /dev/lockmgr && chmod 660 /dev/lockmgr');
	same(check('permission', 'daemon')->{remedy}, 'sudo usermod -aG games daemon',
	     'for_a_node_of_a_group_doctor_says_to_join_it');
	sh('chgrp root /dev/lockmgr && chmod 666 /dev/lockmgr');
}

# A module file as if copied from another kernel's directory.
sub test_built_for_another
{
	my $text = read_file($installed);
	my $other = $release =~ s/^\d/9/r;

	$text =~ s/vermagic=\Q$release\E/vermagic=$other/ or die "$installed: no vermagic\n";
	write_file($installed, $text);
	same(result('module') . ' ' . check('module')->{detail},
	     "bad $installed is built for kernel $other, this is $release",
	     'a_module_for_another_kernel_is_bad');
	matches(check('module')->{remedy}, qr/\S/, 'doctor_says_how_to_get_one_for_this_kernel');
	sh("install -m 644 '$module' '$installed'");
	same(result('module'), 'ok', 'a_module_for_this_kernel_is_ok');
}

# Make a file read as this text, by a bind mount, until uncover().
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

# Append what the kernel's own tools append: the signature, its type and length, and a last line.
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
		same(result('signature'), 'ok', 'a_kernel_without_signatures_requires_none');
		return;
	}
	cover($enforced, "Y\n");
	same(result('signature'), 'ok', 'the_signature_of_a_loaded_module_is_ok');
	sh('rmmod lockmgr');
	same(result('signature'), 'bad', 'an_unsigned_module_is_bad_if_signatures_are_required');
	matches(check('signature')->{detail}, qr/: README says how to sign this one$/,
		'for_an_unsigned_module_doctor_refers_to_readme');
	same(check('signature')->{remedy} // '', '', 'for_an_unsigned_module_there_is_no_command');

	sign($installed, $signer);
	cover('/proc/keys', key_line("$signer too"));
	same(result('signature') . (check('signature')->{remedy} // ''), 'bad',
	     'a_module_signed_with_an_unknown_key_is_bad');
	my $made = !-d '/var/lib/dkms';
	sh('mkdir -p /var/lib/dkms');
	my $key = '/var/lib/dkms/mok.pub';
	if (!-e $key) {
		write_file($key, '');
		same(check('signature')->{remedy}, "mokutil --import $key",
		     'for_an_unknown_key_doctor_says_to_enroll_the_key_of_dkms');
		unlink($key);
	}
	rmdir('/var/lib/dkms') if $made;
	same(result('signature', 'daemon'), 'unknown', 'another_user_cannot_know_which_keys_the_kernel_has');
	uncover('/proc/keys');
	cover('/proc/keys', key_line($signer));
	same(result('signature') . ' ' . check('signature')->{detail}, "ok signed by $signer",
	     'a_module_signed_with_a_known_key_is_ok');
	uncover('/proc/keys');

	uncover($enforced);
	same(result('signature'), 'ok', 'an_unsigned_module_is_ok_if_signatures_are_not_required');
	sh("install -m 644 '$module' '$installed' && modprobe lockmgr");
}

sub test_nothing
{
	sh("rmmod lockmgr && rm '$installed' && depmod");
	same(status(), 1, 'without_a_module_the_status_is_1');
	if (-e "/lib/modules/$release/build/Makefile") {
		matches(check('module')->{detail}, qr/: build it from its source, as README says$/,
			'with_headers_it_says_to_build_the_module');
		return;
	}
	cover('/etc/os-release', "ID=fedora\n");
	same(check('module')->{remedy}, "dnf install kernel-devel-$release", 'it_says_how_to_install_headers');
	matches(lockctl('doctor')->{out}, qr/^To fix the first problem, run this, then doctor again:\n  dnf install kernel-devel-\Q$release\E$/m,
		'the_command_follows_the_table');
	uncover('/etc/os-release');
	cover('/etc/os-release', "ID=other\n");
	matches(check('module')->{detail}, qr/: install the package with this kernel's headers$/,
		'on_an_unknown_system_it_says_what_is_needed');
	same(check('module')->{remedy} // '', '', 'on_an_unknown_system_there_is_no_command');
	uncover('/etc/os-release');
}

# Load the module again, and make its node, whatever happened.
END {
	if (defined $module && -e $module) {
		my $status = $?;

		system('rmmod lockmgr 2>/dev/null; rm -f /dev/lockmgr; insmod "$LOCKMGR_KO"');
		$? = $status;
	}
}

test_no_problem();
# In a root for another processor, the kernel's modules are the cache's: the rest cannot break them.
if (!POSIX::access("/lib/modules/$release", POSIX::W_OK())) {
	done();
	exit;
}
test_installed();
test_not_loaded();
test_forbidden();
test_node();
test_permission();
test_built_for_another();
test_signature();
test_nothing();
done();
