#!/usr/bin/env perl
# SPDX-License-Identifier: GPL-2.0-only
#
# lockctl run: a command under a lock.

use strict;
use warnings;

BEGIN {
	chdir(($0 =~ m{(.*)/})[0] . '/../..') or die "no tree: $!";
	require './tests/cli/cli.pl';
}
our ($lockctl, $patience, $terminal, $late, $duration);

need_device();

my $space = new_space('run');
my $place = "0:$space";

# The rows that list has for a lock.
sub lock_rows
{
	my ($id) = @_;

	return [grep { $_->{lock} == $id } @{rows('list', $space)}];
}

sub said
{
	my ($said) = @_;

	return "$said->{status} $said->{out}$said->{err}";
}

sub status_of
{
	my ($run) = @_;

	local $SIG{ALRM} = sub { die "$run->{name} does not end\n" };
	alarm($patience);
	waitpid($run->{pid}, 0);
	alarm(0);
	$run->{pid} = 0;
	return $? & 127 ? 128 + ($? & 127) : $? >> 8;
}

my $died = qr/lockctl: the last holder of lock \d+ of $space died: check what the lock protects\n/;

sub test_statuses
{
	same(said(lockctl('run', $space, 1, '--', 'sh', '-c', 'echo out; echo err >&2; exit 7')),
	     "7 out\nerr\n", 'the_status_is_that_of_the_command');
	same(said(lockctl('run', $space, 1, 'echo', '--json', '-n')), "0 --json -n\n",
	     'options_of_the_command_are_its_own');
	same(said(lockctl('run', $space, 1, '--', 'sh', '-c', 'kill -TERM $$')), '143 ',
	     'a_signal_is_128_and_its_number');
	fails(lockctl('run', $space, 1, '--', '/no/such/command'), 127, qr/cannot run .*No such file/,
	      'missing_command_is_127');
	fails(lockctl('run', $space, 1, '--', '/etc/passwd'), 126, qr/cannot run .*Permission denied/,
	      'command_that_cannot_be_run_is_126');
	same(scalar @{lock_rows(1)}, 0, 'the_lock_is_free_after_all_that');
}

sub test_usage
{
	my @cases = (
		[[$space, 1], qr/no command to run/],
		[[$space, 1, '--'], qr/no command to run/],
		[[$space], qr/missing argument/],
		[[$space, 'x', 'true'], qr/invalid lock number 'x'/],
		[['--timeout', 'soon', $space, 1, 'true'], qr/invalid time 'soon': not a number of seconds/],
		[['--timeout', 1, '--nonblock', $space, 1, 'true'], qr/exclude each other/],
		[['-E', 256, $space, 1, 'true'], qr/invalid exit status '256'/],
		[['--no-such', $space, 1, 'true'], qr/unrecognized option '--no-such'/],
		[[$space, 1048576, 'true'], qr/there is no lock 1048576/],
	);

	fails(lockctl('run', @{$_->[0]}), 64, $_->[1], "usage: @{$_->[0]}") for @cases;
	fails(lockctl('run', "x$space", 1, 'true'), 66, qr/no such space/,
	      'missing_space_is_66');
}

sub test_conflict
{
	my $holder = start_holder('root', 'holder', $place, 2);
	my @command = ($space, 2, '--', 'echo', 'never');

	same(said(lockctl('run', '--nonblock', @command)), '1 ', 'nonblock_gives_up_with_1');
	same(said(lockctl('run', '-n', '-E', 99, @command)), '99 ', 'nonblock_gives_up_with_the_given_status');
	same(said(lockctl('run', '--timeout', '0.05', @command)), '1 ', 'timeout_gives_up_with_1');
	same(said(lockctl('run', '-w', 0, '-E', 0, @command)), '0 ', 'timeout_gives_up_with_the_given_status');

	end($holder);
	matches(said(lockctl('run', '--nonblock', $space, 2, 'echo', 'now')), qr/^0 now\n$died$/,
		'run_says_that_the_last_holder_died');
	same(said(lockctl('run', '--timeout', 10, $space, 2, 'echo', 'again')), "0 again\n",
	     'run_says_so_once');
}

sub test_held_meanwhile
{
	my $run = run_sleeper('root', $space, 3);

	same(fields(lock_rows(3), qw(state pid name)), ["held $run->{pid} lockctl"],
	     'the_lock_is_held_while_the_command_runs');
	same([grep { readlink($_) eq '/dev/lockmgr' } glob("/proc/$run->{command}/fd/*")], [],
	     'the_command_does_not_have_the_file');
	matches(lock_rows(3)->[0]{command}, qr/run $space 3 -- sh -c/, 'list_says_what_runs');

	my $second = in_background('root', $lockctl, 'run', $space, 3, '--', 'true');
	wait_until('a second waits', sub { waiters($place, 3) == 1 });
	kill(TERM => $run->{pid});
	same(status_of($run), 143, 'a_signal_is_passed_on_to_the_command');
	same(status_of($second), 0, 'the_waiting_run_acquires_the_lock');
}

sub is_gone
{
	return state_of($_[0]) =~ /[ZX]/;
}

# Whether a lock is held; does not consume the report of a holder's death.
sub is_held
{
	my ($id) = @_;
	my $said = said(lockctl('run', '--nonblock', '-E', 99, $space, $id, 'echo', 'free'));

	return $said eq '99 ' ? 'held' : $said eq "0 free\n" ? 'free' : $said;
}

# If lockctl is killed, its command goes on, and must not do so without the lock.
sub test_killed
{
	my $dir = scratch_directory();
	my $sleep = "$dir/sleep";
	my @show = ('sh', '-c', 'echo $$; exec "$0" 1000');

	chmod(0755, $dir);
	system("cp \"\$(command -v sleep)\" $sleep");
	chown(1, 1, $sleep);
	chmod(04755, $sleep);
	kill_run('a command', 0, @show, 'sleep');
	# In these, PR_SET_PDEATHSIG would not end the command when lockctl dies: the kernel forgets
	# it when the process changes its user, and a child does not inherit it.
	kill_run('setpriv', 1, qw(setpriv --reuid 1 --regid 1 --clear-groups), @show, 'sleep');
	kill_run('runuser', 1, qw(runuser -u daemon --), @show, 'sleep');
	kill_run('a set-user-ID program', 1, @show, $sleep);
}

sub kill_run
{
	my ($name, $uid, @command) = @_;
	my $run = in_background('root', $lockctl, 'run', $space, 4, '--', @command);

	chomp(my $pid = readline($run->{from}));
	wait_until("$name runs", sub { read_file("/proc/$pid/status") =~ /^Name:\tsleep\n.*^Uid:.*\t$uid\b/ms });
	kill(KILL => $run->{pid});
	same(status_of($run), 137, "run_can_be_killed: $name");
	same(is_gone($pid) ? 'gone' : 'runs', 'runs', 'the_command_goes_on');
	same(is_held(4), 'held', 'the_lock_is_held_until_it_ends');
	named_by_lockctl($name);
	kill(TERM => $pid);
	matches(said(lockctl('run', '--timeout', $patience, $space, 4, 'echo', 'next')),
		qr/^0 next\n$died$/, 'the_next_run_learns_that_the_holder_died');
}

# lockctl names the process that keeps the lock, and how to look at it.
sub named_by_lockctl
{
	my ($name) = @_;
	my $keeper = qr/process (\d+) \(lock-keeper\) has its file; to see it: ps \1/;
	my ($shown) = must('who', $space, 4) =~ /^What keeps it: $keeper\.$/m;

	same(said(run_as('root', '', 'ps', '-o', 'comm=', $shown // 0)), "0 lock-keeper\n",
	     "who_names_what_keeps_the_lock: $name");
	matches(must('list', $space), qr/^Lock 4 of $space: its process has ended, or is not shown here; $keeper$/m,
		"list_names_what_keeps_the_lock: $name");
}

# If the keeper is killed, too, the kernel releases the lock.
sub test_killed_keeper
{
	my $run = run_sleeper('root', $space, 18);

	kill(KILL => $run->{pid});
	status_of($run);
	my ($keeper) = must('who', $space, 18) =~ /^What keeps it: process (\d+) \(lock-keeper\)/m;
	kill(KILL => $keeper // 0);
	matches(said(lockctl('run', '--timeout', $patience, $space, 18, 'echo', 'next')),
		qr/^0 next\n$died$/, 'killed_keeper_keeps_nothing');
	same(is_gone($run->{command}) ? 'gone' : 'runs', 'runs', 'the_command_goes_on_without_its_keeper');
	kill(TERM => $run->{command});
}

# With --no-fork, each child of the command that has the file keeps the lock.
sub test_what_keeps_it
{
	my $script = 'for i in 1 2; do sleep 1000 >/dev/null 2>&1 & echo $!; done; exit';
	my $said = lockctl('run', '--no-fork', $space, 19, '--', 'sh', '-c', $script);
	my @children = split(' ', $said->{out});

	for my $child (@children) {
		wait_until('it sleeps', sub { read_file("/proc/$child/comm") eq "sleep\n" });
	}
	matches(must('who', $space, 19), qr/^What keeps it: processes $children[0] \(sleep\), $children[1] \(sleep\) have its file; to see them: ps $children[0] $children[1]\.$/m,
		'who_names_all_that_keep_the_lock');
	kill(KILL => @children);
}

sub test_signals_while_waiting
{
	my $holder = start_holder('root', 'holder', $place, 5);
	my $run = in_background('root', $lockctl, 'run', $space, 5, '--', 'true');

	wait_until('it waits', sub { waiters($place, 5) == 1 });
	kill(INT => $run->{pid});
	same(status_of($run), 130, 'waiting_run_can_be_interrupted');
	same(waiters($place, 5), 0, 'interrupted_run_waits_no_more');
	end($holder);
}

# A shell ends its script only if what it runs is killed by the signal; a status of 130 is not
# enough. late.so makes lockctl learn of the signal and of the command's end at the same time.
sub test_interrupted_at_once
{
	my @command = ('env', "LD_PRELOAD=$late", $lockctl, 'run', $space, 8, '--',
		       'sh', '-c', 'kill -INT 0');
	my $pid = fork // die "fork: $!\n";

	if (!$pid) {
		POSIX::setpgid(0, 0);
		exec(@command) or POSIX::_exit(127);
	}
	waitpid($pid, 0);
	same($?, POSIX::SIGINT, 'lockctl_ends_by_the_signal_that_ended_the_command');
}

sub test_ignored_children
{
	my $said = run_as('root', '', '/usr/bin/perl', '-e', '$SIG{CHLD} = "IGNORE"; exec @ARGV',
			  $lockctl, 'run', $space, 6, '--', 'sh', '-c', 'exit 5');

	same(said($said), '5 ', 'the_status_is_known_even_if_sigchld_was_ignored');
}

sub keepers
{
	return scalar grep {
		(eval { read_file("/proc/$_/comm") } // '') eq "lock-keeper\n" && !is_gone($_)
	} map { m{(\d+)} } glob('/proc/[0-9]*');
}

# Only the command holds the lock; processes that outlive it do not.
sub test_background_children
{
	my $said = lockctl('run', $space, 9, '--', 'sh', '-c', 'sleep 1000 >/dev/null 2>&1 & echo $!');
	my $child = { pid => $said->{out} + 0 };

	same(is_held(9), 'free', 'process_that_outlives_the_command_does_not_hold_the_lock');
	same(is_gone($child->{pid}) ? 'gone' : 'runs', 'runs', 'that_process_still_runs');
	kill(KILL => $child->{pid});

	my $run = run_sleeper('root', $space, 9);
	wait_until('it has a keeper', sub { keepers() == 1 });
	kill(TERM => $run->{command});
	same(status_of($run) . ' ' . keepers(), '143 0', 'the_keeper_ends_with_the_command');
}

sub test_namespaces
{
	my @run = ($lockctl, 'run', $space, 10, '--', 'echo', 'works');

	same(said(run_as('root', '', 'unshare', '--pid', @run)), "0 works\n",
	     'the_command_may_be_the_first_of_a_pid_namespace');
	same(said(run_as('root', '', 'unshare', '--pid', '--fork', @run)), "0 works\n",
	     'lockctl_may_be_the_first_of_a_pid_namespace');
	same(is_held(10), 'free', 'the_lock_is_released');
}

# A program that counts how often it gets a signal, until SIGUSR1 ends it. Signals that were sent
# before SIGUSR1 arrive before it. Both are blocked but for the wait: Perl calls handlers between
# its operations, and one of a signal that comes right before the wait would be called after it.
my $counter = <<'EOS';
	use POSIX;
	my $count = 0;
	$| = 1;
	$SIG{$ARGV[0]} = sub { print 'got ', ++$count, "\n" };
	$SIG{USR1} = sub { print "count $count\n"; exit };
	POSIX::sigprocmask(SIG_BLOCK, POSIX::SigSet->new(SIGHUP, SIGINT, SIGUSR1));
	print "pid $$ of ", getppid(), "\n";
	POSIX::sigsuspend(POSIX::SigSet->new) while 1;
EOS
my @counter = ('/usr/bin/perl', '-e', $counter);

# lockctl run on its own terminal: {pid} is the terminal's process, {command} the
# command's, and {parent} that of its parent.
sub run_on_terminal
{
	my ($id, @command) = @_;
	my $self = start_process('root', 'terminal', $terminal, $lockctl, 'run', $space, $id, '--',
				 @command);

	local $SIG{ALRM} = sub { die "no process on the terminal\n" };
	alarm($patience);
	my $line = readline($self->{from}) // '';
	alarm(0);
	($self->{command}, $self->{parent}) = $line =~ /^pid (\d+) of (\d+)\r?$/ or die "the terminal shows '$line'\n";
	return $self;
}

my @sleeper = ('sh', '-c', 'echo pid $$ of $PPID; exec sleep 1000');
my %in_session = (
	'its group' => [],
	'a session of its own' => ['setsid'],
	'a group of its own' => ['timeout', 1000],
);

sub test_hang_up
{
	for my $where (sort keys %in_session) {
		my $run = run_on_terminal(11, @{$in_session{$where}}, @sleeper);

		close($run->{to});
		same(status_of($run), 129, "run_ends_with_its_terminal, the command in $where");
		wait_until('the command is gone', sub { is_gone($run->{command}) });
		same(is_held(11), 'free', 'the_lock_is_released');
	}
}

sub test_typed_signals
{
	for my $where (sort keys %in_session) {
		for my $typed (["\x03", 130], ["\x1c", 131]) {
			my $run = run_on_terminal(12, @{$in_session{$where}}, @sleeper);

			poke($run, $typed->[0]);
			same(status_of($run), $typed->[1], "a_typed_signal_makes_the_status_$typed->[1], the command in $where");
			wait_until('the command is gone', sub { is_gone($run->{command}) });
			same(is_held(12), 'free', 'the_lock_is_released');
		}
	}
}

# The kernel and lockctl must not both send a signal to the command.
sub test_each_signal_once
{
	for my $where ('its group', 'a session of its own') {
		my $run = run_on_terminal(13, @{$in_session{$where}}, @counter, 'INT');

		poke($run, "\x03");
		hear($run, 'got 1');
		kill(USR1 => $run->{parent});
		hear($run, 'count 1');
		same(status_of($run), 0, "a_command_in_${where}_gets_a_typed_signal_once");
	}
	my $run = in_background('root', $lockctl, 'run', $space, 13, '--', @counter, 'HUP');
	readline($run->{from});
	kill(HUP => $run->{pid});
	hear($run, 'got 1');
	kill(USR1 => $run->{pid});
	hear($run, 'count 1');
	same(status_of($run), 0, 'the_command_gets_a_sent_signal_once');
}

# A shell goes on after Ctrl-C if what it runs exits with 130 rather than being killed by SIGINT.
sub test_script
{
	my $script = "$lockctl run $space 14 -- sh -c 'echo pid \$\$; exec sleep 1000'; echo after";
	my $shell = start_process('root', 'terminal', $terminal, 'bash', '-c', $script);

	matches(scalar(readline($shell->{from})), qr/^pid \d+\r?$/, 'the_script_runs_the_command');
	poke($shell, "\x03");
	same(status_of($shell), 130, 'an_interrupt_ends_the_script');
	lacks(join('', readline($shell->{from})), qr/after/, 'an_interrupted_script_does_not_go_on');
}

# As nohup(1) starts a command.
sub test_ignored_signals
{
	my $run = in_background('root', '/usr/bin/perl', '-e', '$SIG{HUP} = "IGNORE"; exec @ARGV',
				$lockctl, 'run', $space, 15, '--', @counter, 'HUP');

	readline($run->{from});
	kill(HUP => $run->{pid});
	kill(USR1 => $run->{pid});
	hear($run, 'count 0');
	same(status_of($run), 0, 'a_signal_that_was_ignored_is_not_passed_on');
}

# With --no-fork, lockctl's process becomes the command, which has the file.
sub test_no_fork
{
	my $script = 'echo pid $$; sleep 1000 >/dev/null 2>&1 & echo $!; wait';
	my $run = in_background('root', $lockctl, 'run', '--no-fork', $space, 16, '--', 'sh', '-c', $script);

	hear($run, "pid $run->{pid}");
	chomp(my $child = readline($run->{from}));
	same(scalar(grep { (readlink($_) // '') eq '/dev/lockmgr' } glob("/proc/$child/fd/*")), 1,
	     'the_command_and_its_children_have_the_file');
	same(is_held(16), 'held', 'the_lock_is_held_while_it_runs');
	kill(KILL => $run->{pid});
	same(status_of($run), 137, 'the_command_can_be_killed');
	same(is_held(16), 'held', 'a_child_that_has_the_file_has_the_lock');
	kill(KILL => $child);
	matches(said(lockctl('run', '--timeout', $patience, $space, 16, 'echo', 'next')), qr/^0 next\n$died$/,
		'nobody_unlocks_it_so_the_next_run_learns_of_a_death');

	same(said(lockctl('run', '--no-fork', $space, 16, '--', 'sh', '-c', 'exit 7')), '7 ',
	     'the_status_without_a_fork_is_that_of_the_command');
	lockctl('run', $space, 16, 'true');
	fails(lockctl('run', '-F', $space, 16, '--', '/no/such/command'), 127,
	      qr/^lockctl: cannot run .*No such file/, 'missing_command_without_a_fork_is_127');
	same(is_held(16), 'free', 'the_lock_is_released_if_the_command_is_missing');
}

sub test_verbose
{
	same(said(lockctl('run', '--verbose', $space, 17, 'echo', 'out')) =~ s/after $duration/after TIME/r,
	     "0 out\nlockctl: acquired lock 17 of $space after TIME\n", 'verbose_says_when_the_lock_is_acquired');

	my $holder = start_holder('root', 'holder', $place, 17);
	my $held = qr/held by process $holder->{pid} \(.*holder.*\) for $duration/;
	my $said = lockctl('run', '-v', '--timeout', '0.1', $space, 17, 'true');
	matches(said($said), qr/\A1 lockctl: waiting for lock 17 of $space: $held\nlockctl: gave up waiting for lock 17 of $space: $held\n\z/,
		'verbose_names_the_holder_and_says_that_it_gave_up');
	matches(said(lockctl('run', '-v', '-n', $space, 17, 'true')),
		qr/\A1 lockctl: gave up waiting for lock 17 of $space: $held\n\z/, 'verbose_names_the_holder_if_run_does_not_wait');
	end($holder);
}

# Several processes increment a number in a file; two that did so at once would lose one.
sub test_exclusion
{
	my $script = 'n=$(cat "$0"); sleep 0.01; echo $((n + 1)) >"$0"';
	chomp(my $file = qx(mktemp));

	write_file($file, "0\n");
	my @loops = map {
		my $pid = fork // die "fork: $!\n";
		if (!$pid) {
			for (1 .. 10) {
				lockctl('run', $space, 7, '--', 'sh', '-c', $script, $file);
			}
			POSIX::_exit(0);
		}
		$pid;
	} 1 .. 3;
	waitpid($_, 0) for @loops;
	same(read_file($file), "30\n", 'commands_run_one_at_a_time');
	unlink($file);
}

test_statuses();
test_usage();
test_conflict();
test_held_meanwhile();
test_killed();
test_killed_keeper();
test_what_keeps_it();
test_signals_while_waiting();
test_interrupted_at_once();
test_ignored_children();
test_background_children();
test_namespaces();
test_hang_up();
test_typed_signals();
test_each_signal_once();
test_script();
test_ignored_signals();
test_no_fork();
test_verbose();
test_exclusion();
done();
