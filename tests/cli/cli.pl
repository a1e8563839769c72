# SPDX-License-Identifier: GPL-2.0-only
#
# What the tests of lockctl share: functions that run it as a given user and read its output,
# and processes for it to look at.

use strict;
use warnings;

use JSON::PP ();
use POSIX ();
use Time::HiRes ();

BEGIN {
	require './tests/docs/docs.pl';
}

# Users that every Debian system has, with their numbers.
our %users = (root => 0, daemon => 1, games => 5);
our $patience = 600;
# A duration, as lockctl writes it for people.
our $duration = qr/(?:\d\.\ds|\d+s|\d+m \d+s|\d+h \d+m|\d+d \d+h)/;

chomp(my $top = qx(pwd));
our $lockctl = "$top/build/lockctl/lockctl";
our $actor = "$top/build/tests/cli/helpers/actor";
our $terminal = "$top/build/tests/cli/helpers/terminal";
our $late = "$top/build/tests/cli/helpers/late.so";
my @actors;
my @spaces;
my $owner_pid = $$;

sub need_device
{
	return if -c '/dev/lockmgr';
	print "1..0 # SKIP there is no /dev/lockmgr\n";
	exit;
}

# Become another user; only in a child, since there is no way back.
sub become
{
	my $id = $users{$_[0]};

	return if !$id;
	$) = "$id $id";
	POSIX::setgid($id) // die "setgid: $!\n";
	POSIX::setuid($id) // die "setuid: $!\n";
}

# Run a command on a terminal that script(1) makes, and type to it. The output also has what was
# typed, since the terminal echoes it.
sub on_terminal
{
	my ($typed, $command) = @_;

	local $ENV{TERM} = 'xterm';
	return run_as('root', $typed, 'script', '-qec', $command, '/dev/null');
}

# run_as(USER, INPUT, COMMAND...): run a command; returns its {status}, as a shell gives it, and
# what it wrote to standard output, {out}, and to standard error, {err}.
sub run_as
{
	my ($user, $input, @command) = @_;
	my %files;

	for my $name (qw(in out err)) {
		open($files{$name}, '+>', undef) or die "temporary file: $!\n";
	}
	print { $files{in} } $input;
	seek($files{in}, 0, 0);

	my $pid = fork // die "fork: $!\n";
	if (!$pid) {
		open(STDIN, '<&', $files{in});
		open(STDOUT, '>&', $files{out});
		open(STDERR, '>&', $files{err});
		become($user);
		exec { $command[0] } @command or POSIX::_exit(127);
	}
	waitpid($pid, 0);

	my %said = (status => $? & 127 ? 128 + ($? & 127) : $? >> 8);
	for my $name (qw(out err)) {
		local $/;
		seek($files{$name}, 0, 0);
		$said{$name} = readline($files{$name}) // '';
	}
	return \%said;
}

# lockctl(ARGUMENT...), lockctl_as(USER, ARGUMENT...): run lockctl; return what run_as() does.
sub lockctl_as
{
	my ($user, @arguments) = @_;

	return run_as($user, '', $lockctl, @arguments);
}

sub lockctl
{
	return lockctl_as('root', @_);
}

# Run lockctl, which must succeed; returns its output.
sub must
{
	my $said = lockctl(@_);

	die "lockctl @_: $said->{status}: $said->{err}\n" if $said->{status};
	return $said->{out};
}

# The rows of what `lockctl ... --json` prints.
sub rows_as
{
	my ($user, @arguments) = @_;
	my $said = lockctl_as($user, @arguments, '--json');
	my $table = eval { JSON::PP->new->utf8->decode($said->{out}) };

	die "lockctl @arguments --json: $said->{status}: $said->{err}$said->{out}$@\n"
		if !$table || keys %$table != 1;
	return (values %$table)[0];
}

sub rows
{
	return rows_as('root', @_);
}

# Fields of rows as text: one line per row.
sub fields
{
	my ($rows, @keys) = @_;

	return [map {
		my $row = $_;
		join(' ', map {
			my $value = $row->{$_};

			!defined $value ? '-' :
			ref $value eq 'ARRAY' ? '[' . join(',', @$value) . ']' :
			JSON::PP::is_bool($value) ? ($value ? 'yes' : 'no') : $value;
		} @keys);
	} @$rows];
}

# A table for people, with each run of blanks squeezed to one.
sub squeezed
{
	my ($text) = @_;

	$text =~ s/[ \t]+/ /g;
	return $text;
}

# matches(TEXT, PATTERN, NAME), lacks(TEXT, PATTERN, NAME): tests that a text matches a pattern, or
# that it does not.
sub matches
{
	my ($text, $pattern, $name) = @_;

	same($text =~ $pattern ? "$pattern" : $text, "$pattern", $name);
}

sub lacks
{
	my ($text, $pattern, $name) = @_;

	same($text =~ $pattern ? $text : '', '', $name);
}

# fails(SAID, STATUS, PATTERN, NAME): a test that a command ended with this status, and wrote only
# to standard error.
sub fails
{
	my ($said, $status, $pattern, $name) = @_;

	same(join("\n", $said->{status}, $said->{out}, $said->{err} =~ $pattern ? "$pattern" : $said->{err}),
	     join("\n", $status, '', "$pattern"), $name);
}

# wait_until(WHAT, SUB): call SUB until it returns true; WHAT says what it waits for.
sub wait_until
{
	my ($what, $is_so) = @_;
	my $end = Time::HiRes::time() + $patience;

	until ($is_so->()) {
		die "gave up waiting until $what\n" if Time::HiRes::time() > $end;
		Time::HiRes::usleep(10000);
	}
}

# Create the space "NAME-PID", which is unlinked when the test ends.
sub new_space
{
	my ($name, @options) = @_;
	my $space = "$name-$$";

	must('create', @options, $space);
	push @spaces, $space;
	return $space;
}

sub forget_space
{
	push @spaces, @_;
}

# Have a process killed when the test ends.
sub remember
{
	push @actors, @_;
	return $_[0];
}

# in_background(USER, COMMAND...): start a command; {from} reads what it prints.
sub in_background
{
	my ($user, @command) = @_;

	pipe(my $from, my $out) or die "pipe: $!\n";
	my $pid = fork // die "fork: $!\n";
	if (!$pid) {
		open(STDOUT, '>&', $out);
		close($_) for $from, $out;
		become($user);
		exec { $command[0] } @command or POSIX::_exit(127);
	}
	close($out);
	return remember({ pid => $pid, from => $from, name => $command[0] });
}

# lockctl run, with a command that sleeps until it is killed; {command} is its process id.
sub run_sleeper
{
	my ($user, $space, $id) = @_;
	my $run = in_background($user, $lockctl, 'run', $space, $id, '--',
				'sh', '-c', 'echo $$; exec sleep 1000');

	chomp($run->{command} = readline($run->{from}) // die "the command does not run\n");
	return $run;
}

# A process for poke() and hear(): {to} writes to its standard input, {from} reads its output.
sub start_process
{
	my ($user, $name, @command) = @_;

	pipe(my $from, my $out) or die "pipe: $!\n";
	pipe(my $in, my $to) or die "pipe: $!\n";
	my $pid = fork // die "fork: $!\n";
	if (!$pid) {
		open(STDIN, '<&', $in);
		open(STDOUT, '>&', $out);
		close($_) for $from, $to, $in, $out;
		become($user);
		exec { $command[0] } @command or POSIX::_exit(127);
	}
	return remember({ pid => $pid, from => $from, to => $to, name => $name });
}

# start(USER, NAME, UID:SPACE, ID...): a process that locks these, one after the other;
# tests/cli/helpers/actor.c says what else it understands.
sub start
{
	my ($user, @arguments) = @_;

	return start_process($user, $arguments[0], $actor, @arguments);
}

# Wait for the next line that a process prints; it must be this one.
sub hear
{
	my ($self, $expected) = @_;

	local $SIG{ALRM} = sub { die "$self->{name} does not say '$expected'\n" };
	alarm($patience);
	my $line = readline($self->{from}) // "nothing\n";
	alarm(0);
	$line =~ s/\r?\n\z//;
	die "$self->{name} says '$line', not '$expected'\n" if $line ne $expected;
}

# start() for a process that acquires all its locks.
sub start_holder
{
	my $self = start(@_);

	hear($self, "locked $_") for @_[3 .. $#_];
	return $self;
}

# Write to the standard input of a process.
sub poke
{
	my ($self, $text) = @_;

	syswrite($self->{to}, $text) // die "$self->{name}: $!\n";
}

# start() for a process that acquires all its locks but the last, and queues for that one. Returns
# when it waits.
sub start_waiter
{
	my ($user, $name, $space, @ids) = @_;
	my $last = pop @ids;
	my $before = waiters($space, $last);
	my $self = start($user, $name, $space, @ids, $last);

	hear($self, "locked $_") for @ids;
	wait_until("$name waits for lock $last", sub { waiters($space, $last) > $before });
	return $self;
}

sub waiters
{
	my ($space, $id) = @_;

	return scalar grep { $_->{role} eq 'waiter' } @{rows('who', $space, $id)};
}

# The letter that /proc has for the state of a process; X if the process is gone, which may happen
# even between opening its file and reading it.
sub state_of
{
	my ($pid) = @_;

	return (eval { read_file("/proc/$pid/stat") } // '') =~ /.*\) (\S)/s ? $1 : 'X';
}

sub stop
{
	my ($self) = @_;

	kill(STOP => $self->{pid});
	wait_until("$self->{name} is stopped", sub { state_of($self->{pid}) eq 'T' });
}

# Kill a process; returns when the kernel has released the locks that it held.
sub end
{
	my ($self) = @_;

	return if !$self->{pid};
	kill(KILL => $self->{pid});
	waitpid($self->{pid}, 0);
	$self->{pid} = 0;
}

END {
	if ($$ == $owner_pid) {
		my $status = $?;

		end($_) for @actors;
		lockctl('unlink', $_) for @spaces;
		$? = $status;
	}
}

1;
