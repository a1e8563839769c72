#!/usr/bin/env perl
# SPDX-License-Identifier: GPL-2.0-only
#
# lockctl save and restore, with files of every kind.

use strict;
use warnings;

use Socket ();

BEGIN {
	chdir(($0 =~ m{(.*)/})[0] . '/../..') or die "no tree: $!";
	require './tests/cli/cli.pl';
}
our $lockctl;

need_device();

my $dir = scratch_directory();
my $space = new_space('target', '--capacity', 8192);
must('allocate', $space, 1, 5);
my $text = must('save', $space);
my @save = ($lockctl, 'save', $space);

sub said
{
	my ($said) = @_;

	return "$said->{status} $said->{out}$said->{err}";
}

# Run a shell script in a new mount namespace and a new directory. Its $1, $2 and $3 are lockctl,
# the space and that directory.
sub script
{
	my ($script) = @_;

	chomp(my $place = qx(mktemp -d $dir/XXXXXX));
	return run_as('root', '', 'unshare', '--mount', 'sh', '-c', "set -e; cd \"\$3\"; $script",
		      'sh', $lockctl, $space, $place);
}

# Type, device, owner, group, mode and links of a file.
sub facts_of
{
	chomp(my $facts = qx(stat --format '%F %t:%T %u %g %a %h' '$_[0]'));
	return $facts;
}

sub inode
{
	return (stat $_[0])[1];
}

# What is not a regular file is written, and never replaced by one.
sub test_devices
{
	my $null = "$dir/null";

	system('mknod', $null, 'c', 1, 3);
	system('mknod', "$dir/full", 'c', 1, 7);
	for my $file ($null, '/dev/null') {
		my $before = facts_of($file);

		same(said(lockctl('save', $space, $file)), '0 ', "save_writes_to_$file");
		same(facts_of($file), $before, "the_device_stays_a_device: $file");
	}
	fails(lockctl('save', $space, "$dir/full"), 74, qr/^lockctl: cannot write .*No space left/,
	      'what_a_device_refuses_is_an_error');
	same(facts_of("$dir/full") =~ /^character special/ ? 'yes' : 'no', 'yes', 'the_full_device_stays_a_device');
}

sub test_descriptors
{
	for my $file ('/dev/stdout', '/dev/fd/1', '/proc/self/fd/1') {
		same(said(lockctl('save', $space, $file)), "0 $text", "save_writes_to_$file");
		same(said(script("{ echo a; \"\$1\" save \$2 $file; echo b; } | cat")), "0 a\n${text}b\n",
		     "save_writes_to_a_pipe: $file");
		same(said(script("{ echo a; \"\$1\" save \$2 $file; echo b; } >out; cat out")),
		     "0 a\n${text}b\n", "save_writes_to_an_open_file: $file");
	}
	same(said(script('ln -s /dev/stdout link; "$1" save $2 link | cat; readlink link')),
	     "0 $text/dev/stdout\n", 'a_link_to_standard_output_is_followed_and_stays');
	same(said(script('"$1" save $2 /dev/fd/7 7>&1')), "0 $text", 'save_writes_to_any_descriptor');
	fails(script('"$1" save $2 /dev/fd/7 7<&-'), 74, qr/cannot write .*Bad file/,
	      'a_descriptor_that_is_not_open_is_an_error');
	fails(script('"$1" save $2 /dev/fd/7 7</dev/null'), 74, qr/cannot write .*Bad file/,
	      'a_descriptor_for_reading_only_is_an_error');
}

# A socket cannot be opened by the path of its descriptor.
sub test_sockets
{
	socketpair(my $ours, my $theirs, Socket::AF_UNIX(), Socket::SOCK_STREAM(), 0) or die "socketpair: $!";
	my $pid = fork // die "fork: $!";
	if (!$pid) {
		open(STDIN, '<&', $theirs);
		open(STDOUT, '>&', $theirs);
		close($_) for $ours, $theirs;
		exec { $lockctl } @save, '/dev/stdout';
	}
	close($theirs);
	my $read = do { local $/; readline($ours) };
	waitpid($pid, 0);
	same("$? $read", "0 $text", 'save_writes_to_a_socket');

	socketpair($ours, $theirs, Socket::AF_UNIX(), Socket::SOCK_STREAM(), 0) or die "socketpair: $!";
	syswrite($ours, $text);
	close($ours);
	$pid = fork // die "fork: $!";
	if (!$pid) {
		open(STDIN, '<&', $theirs);
		open(STDOUT, '>', "$dir/restored");
		exec { $lockctl } $lockctl, 'restore', '/dev/stdin';
	}
	waitpid($pid, 0);
	same("$? " . read_file("$dir/restored"), "0 $space: 0 ids allocated, 2 were allocated already\n",
	     'restore_reads_from_a_socket');
}

sub test_pipes
{
	same(said(script('mkfifo fifo; cat fifo & "$1" save $2 fifo; wait; stat --format %F fifo')),
	     "0 ${text}fifo\n", 'a_fifo_is_written_and_stays');
	same(said(script('bash -c \'"$1" save $2 >(cat >out; touch done); ' .
			 'until [[ -e done ]]; do sleep 0.01; done; cat out\' bash "$1" $2')),
	     "0 $text", 'save_writes_to_a_process_substitution');

	my $restored = "0 $space: 0 ids allocated, 2 were allocated already\n";
	same(said(script('mkfifo fifo; "$1" save $2 fifo & "$1" restore fifo; wait')), $restored,
	     'restore_reads_a_fifo');
	same(said(script('bash -c \'"$1" restore <("$1" save $2)\' bash "$1" $2')), $restored,
	     'restore_reads_from_a_process_substitution');
	same(said(script('"$1" save $2 | "$1" restore /dev/stdin')), $restored, 'restore_reads_standard_input');
	fails(script('"$1" restore .'), 66, qr/^lockctl: cannot read \.: Is a directory$/,
	      'restore_refuses_a_directory');
	fails(script('"$1" save $2 .'), 74, qr/^lockctl: cannot write \.: Is a directory$/,
	      'save_refuses_a_directory');
}

# A symbolic link stays; save writes its target, and creates the target if it is missing.
sub test_links
{
	my $place = "$dir/links";

	mkdir($_) for $place, "$place/there";
	write_file("$place/there/file", "old\n");
	symlink('there/file', "$place/one");
	symlink("$place/one", "$place/two");
	symlink('there/none', "$place/dangling");
	symlink('loop', "$place/loop");

	my $inode = inode("$place/there/file");
	same(said(lockctl('save', $space, "$place/two")), '0 ', 'save_follows_links');
	same(read_file("$place/there/file"), $text, 'the_target_has_the_text');
	same(inode("$place/there/file") != $inode ? 'yes' : 'no', 'yes', 'the_target_is_a_new_file');
	same(said(lockctl('save', $space, "$place/dangling")), '0 ', 'a_target_may_be_missing');
	same(read_file("$place/there/none"), $text, 'the_missing_target_is_created');
	same([map { readlink("$place/$_") } qw(one two dangling)],
	     ['there/file', "$place/one", 'there/none'], 'links_stay');
	same([map { s{.*/}{}r } glob("$place/there/{.[!.],}*")], [qw(file none)],
	     'no_other_file_is_left');
	fails(lockctl('save', $space, "$place/loop"), 74, qr/cannot write .*Too many levels/,
	      'a_link_to_itself_is_an_error');
}

# The new file gets owner, group and mode of the one that it replaces.
sub test_attributes
{
	my $file = "$dir/attributes";

	write_file($file, "old\n");
	chown(5, 60, $file);
	chmod(0640, $file);
	my ($before, $inode) = (facts_of($file), inode($file));
	same(said(lockctl('save', $space, $file)), '0 ', 'a_file_is_replaced');
	same(facts_of($file), $before, 'owner_group_and_mode_are_kept');
	same(inode($file) != $inode ? 'yes' : 'no', 'yes', 'the_file_is_a_new_one');

	my $new = "$dir/new";
	same(said(script("umask 027; \"\$1\" save \$2 $new")), '0 ', 'save_creates_a_file');
	same(facts_of($new), 'regular file 0:0 0 0 640 1', 'a_created_file_has_the_mode_that_umask_allows');
}

# Calls 188 and 191 of x86-64 are setxattr(2) and getxattr(2), for which not every system has a
# command.
sub test_extended_attributes
{
	same(said(script(<<'EOS')), "0 kept\nreplaced", 'extended_attributes_are_kept');
mount -t tmpfs none .; cd "$PWD"
echo old >file
before=$(stat --format %i file)
perl -e 'exit syscall(188, @ARGV, 4, 0)' file trusted.lockctl kept
"$1" save $2 file
perl -e '$v = "\0" x 9; print substr($v, 0, syscall(191, @ARGV, $v, 9)), "\n"' file trusted.lockctl
[ "$(stat --format %i file)" = "$before" ] || printf replaced
EOS
}

# A user who may write to a file but not give a new one to its owner writes in place.
sub test_file_of_another
{
	my $place = "$dir/shared";

	mkdir($place);
	chmod(0777, $place);
	must('create', '--mode', '0644', "daemon:$space");
	forget_space("1:$space");
	write_file("$place/file", 'a long line that is not to stay' x 100);
	chown(5, 60, "$place/file");
	chmod(0666, "$place/file");
	chmod(0755, $dir);
	my ($before, $inode) = (facts_of("$place/file"), inode("$place/file"));

	same(said(lockctl_as('daemon', 'save', $space, "$place/file")), '0 ',
	     'a_file_of_another_is_written');
	same(facts_of("$place/file") . ' ' . inode("$place/file"), "$before $inode", 'a_file_of_another_is_written_in_place');
	matches(read_file("$place/file"), qr/\Alockctl-allocations 1\n.*\nend\n\z/s, 'nothing_old_is_left');

	chmod(0444, "$place/file");
	fails(lockctl_as('daemon', 'save', $space, "$place/file"), 74, qr/cannot write .*Permission denied/,
	      'a_file_that_cannot_be_written_is_not_replaced');
}

sub test_names
{
	my $file = "$dir/name";

	write_file($file, "old\n");
	link($file, "$dir/other-name");
	same(said(lockctl('save', $space, $file)), '0 ', 'a_file_with_two_names_is_written');
	same(read_file("$dir/other-name"), $text, 'both_names_have_the_text');

	my $long = "$dir/" . 'n' x 255;
	same(said(lockctl('save', $space, $long)), '0 ', 'save_creates_a_file_with_the_longest_name');
	same(said(lockctl('save', $space, $long)), '0 ', 'save_replaces_a_file_with_the_longest_name');
}

# A file that is mounted alone, as a container engine does it.
sub test_mounted_file
{
	same(said(script(<<'EOS')), "0 $text", 'a_file_that_is_a_mount_point_is_written');
echo old >outside; echo >inside
mount --bind outside inside
"$1" save $2 inside
cat outside
EOS
	same(said(script(<<'EOS')), "0 $text", 'a_mount_point_in_a_read_only_directory_is_written');
mkdir inside; echo old >outside; echo >inside/file
mount --bind inside inside; cd "$PWD"
mount --bind outside inside/file
mount -o remount,bind,ro inside
"$1" save $2 inside/file
cat outside
EOS
}

# The text takes a page of 4096 bytes, that of 1501 ids takes two; each file system has one page too
# few.
sub test_full_disk
{
	my $full = 'cannot write file: No space left on device';

	same(said(script(<<'EOS')), "0 74\nold\nfile\nlockctl: $full\n", 'a_full_disk_leaves_the_old_file');
mount -t tmpfs -o size=4k none .; cd "$PWD"
echo old >file
status=0; "$1" save $2 file || status=$?
echo $status; cat file; ls -A
EOS
	my $large = new_space('large', '--capacity', 8192);
	must('allocate', $large, map { 4 * $_ } 0 .. 1500);
	same(said(script(<<"EOS")), "0 74\nold\nlockctl: $full\n", 'a_full_disk_leaves_the_old_text_of_a_file_written_in_place');
mount -t tmpfs -o size=8k none .; cd "\$PWD"
echo old >file; ln file other; echo filler >filler
status=0; "\$1" save $large file || status=\$?
echo \$status; head -n 1 other
EOS
}

test_devices();
test_descriptors();
test_sockets();
test_pipes();
test_links();
test_attributes();
test_extended_attributes();
test_file_of_another();
test_names();
test_mounted_file();
test_full_disk();
done();
