#!/usr/bin/env perl
# SPDX-License-Identifier: GPL-2.0-only
#
# docs/moving-over.md: what it names exists, its program texts compile, and its commands do
# what it says, also in comparison with flock(1).

use strict;
use warnings;

BEGIN {
	chdir(($0 =~ m{(.*)/})[0] . '/../..') or die "no tree: $!";
	require './tests/docs/docs.pl';
	require './tests/docs/headers.pl';
}

my $text = read_file('docs/moving-over.md');
my $header = read_file('include/lockmgr.h');
my $dir = scratch_directory();
chomp(my $top = qx(pwd));

# The program texts in a language, in their order, without the indentation of lists.
sub blocks
{
	my ($language) = @_;
	my @blocks = $text =~ /^ *```$language\n(.*?)^ *```$/gms;

	s/^ {3}//gm for @blocks;
	return @blocks;
}

sub test_names
{
	my %known = map { $_ => 1 } constants($header), map { $_->{name} } functions($header);
	my @named = $text =~ /\b(lockmgr_\w+|LOCKMGR_\w+)\b/g;
	my %structs = structs($header);

	same(scalar(@named > 20), 1, 'functions_and_constants_are_named');
	same([grep { !$known{$_} && !$structs{$_} } @{set(@named)}], [], 'all_of_them_exist');
}

sub test_programs
{
	my @programs = blocks('c');
	my $number = 0;
	my $said = '';

	for my $program (@programs) {
		my $path = "$dir/" . $number++;

		write_file("$path.c", $program);
		$said .= qx(cc -Wall -Wextra -Werror -Iinclude -c -o '$path.o' '$path.c' 2>&1);
	}
	same(scalar(@programs), 4, 'there_are_programs');
	same($said, '', 'every_program_compiles');
}

# Code: between backticks, or in blocks.
sub code
{
	return ($text =~ /`([^`\n]+)`/g), map { split /\n/ } blocks('sh');
}

sub options_of_help
{
	my ($command) = @_;

	return map { $_ => 1 } qx($command --help 2>&1) =~ /(?<![\w-])(--[a-z][a-z-]*)/g;
}

# "COMMAND: OPTION" of each option that the command's help does not have.
sub unknown_options
{
	my @unknown;

	for my $line (code()) {
		my ($command, $rest) = $line =~ /\b(lockctl [a-z-]+|flock)((?: [^|&)']*)?)/ or next;
		my %known = options_of_help($command =~ s{^lockctl}{build/lockctl/lockctl}r);

		# After the lock comes another command, with its own options.
		$rest =~ s/ -- .*| \S*\.lock\b.*//;
		push @unknown, map { "$command: $_" } grep { !$known{$_} } $rest =~ /(--[a-z-]+)/g;
	}
	return set(@unknown);
}

# The rows of the table that compares options: flock's name, and lockctl's.
sub test_options
{
	my %of_flock = options_of_help('flock');
	my %of_run = options_of_help('build/lockctl/lockctl run');
	my @rows = $text =~ /^\| `(--[a-z-]+)[^|]*\| ([^|]*) \|/gm;
	my @unknown;

	while (my ($old, $new) = splice @rows, 0, 2) {
		push @unknown, $old unless $of_flock{$old};
		push @unknown, grep { !$of_run{$_} } $new =~ /`(--[a-z-]+)/;
	}
	same(\@unknown, [], 'options_that_are_compared_exist');
	same(unknown_options(), [], 'options_of_commands_exist');
}

# The commands that the text uses as examples: each writes down its arguments, and which locks
# are held.
sub write_commands
{
	for my $name (qw(backup report publish)) {
		write_file("$dir/$name", <<"END");
#!/bin/sh
echo "$name \$* with \$(lockctl list --noheadings jobs | awk '{ print \$2 }' | xargs)" >>'$dir/done'
END
		chmod 0755, "$dir/$name";
	}
}

sub test_commands
{
	mkdir "$dir/place" or die "$dir/place: $!";
	write_commands();
	write_file("$dir/typed", join "\n", blocks('sh'));
	write_file("$dir/done", '');

	my $said = qx(cd '$dir/place' && sh -eu '$dir/typed' 2>&1);

	same($? ? $said : 'all', 'all', 'commands_of_the_text_work');
	same([$said =~ /^\d+$/gm], [0 .. 2], 'the_numbers_are_those_of_the_list');
	same(read_file("$dir/done"), <<'END', 'they_run_with_their_locks');
backup --all with 1
report --short with 2
publish example.org with 3
backup --all with 1
END
	same(scalar qx(lockctl save jobs | sed -n '/^ids/,\$p'), <<'END', 'notes_say_what_is_what');
ids 3
0-2
notes 3
0 numbers of sites
1 backup
2 report
end
END
}

# The exit statuses of the same command, run by flock and by lockctl: "STATUS STATUS".
sub statuses
{
	my ($arguments) = @_;
	my @statuses = map { system("$_ >/dev/null 2>&1") >> 8 } "flock $arguments", "lockctl run " .
		       ($arguments =~ s{'\Q$dir\E/file'}{jobs 1 --}r);

	return "@statuses";
}

# Calls the function while another command holds both locks.
sub while_held
{
	my ($function) = @_;
	my $held = "$dir/held";
	my $pid = fork;

	if (!$pid) {
		exec "exec flock '$dir/file' lockctl run jobs 1 -- sh -c '>$held; exec sleep 1000'";
	}
	select undef, undef, undef, 0.05 until -e $held;
	$function->();
	unlink $held;
	system 'pkill', '-P', $pid;
	waitpid $pid, 0;
}

sub test_beside_flock
{
	my $file = "'$dir/file'";

	same(statuses("$file true"), '0 0', 'both_run_a_command');
	same(statuses("$file sh -c 'exit 7'"), '7 7', 'both_end_as_it_does');
	same(statuses("$file sh -c 'kill -9 \$\$'"), '137 137', 'also_if_it_is_killed');
	while_held(sub {
		same(statuses("--nonblock $file true"), '1 1', 'both_fail_with_1');
		same(statuses("--timeout 0.1 $file true"), '1 1', 'after_a_timeout_too');
		same(statuses("--nonblock --conflict-exit-code 75 $file true"), '75 75',
		     'or_with_another_status');
		same(statuses("--nonblock --no-fork $file true"), '1 1', 'or_without_a_fork');
	});

	# A process is left in the background.
	my $leave = "$file sh -c 'sleep 1000 & echo \$! >>$dir/left'";
	my $end = sub {
		kill(KILL => split(/\n/, read_file("$dir/left")));
		unlink("$dir/left");
	};

	statuses($leave);
	same(statuses("--nonblock $file true"), '1 0', 'only_flock_stays_locked');
	$end->();
	statuses("$file true");
	statuses("--no-fork $leave");
	same(statuses("--nonblock $file true"), '1 1', 'unless_there_is_no_fork');
	$end->();
}

test_names();
test_programs();
if (qx(flock --version 2>/dev/null) && -x 'build/lockctl/lockctl') {
	test_options();
} else {
	skip('options_exist', 'there is no flock, or no lockctl');
}
if (-c '/dev/lockmgr' && qx(flock --version 2>/dev/null)) {
	local $ENV{PATH} = "$dir:$top/build/lockctl:$ENV{PATH}";

	system 'lockctl unlink jobs 2>/dev/null';
	test_commands();
	test_beside_flock();
	system 'lockctl unlink jobs';
} else {
	skip('commands', 'there is no /dev/lockmgr, or no flock');
}
done();
