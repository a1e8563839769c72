# SPDX-License-Identifier: GPL-2.0-only
#
# Judges messages of the kernel.

package KernelLog;

use strict;
use warnings;
use File::Basename qw(dirname);

# Bad news at any time, also before the module is loaded.
my $fatal = qr/
	\b(?:WARNING|BUG):				|
	\bINFO:\ (?:task|rcu|possible|suspicious|trying)	|
	\b(?:Oops|Kernel\ panic|Call\ Trace)\b		|
	\bgeneral\ protection\ fault\b			|
	\b(?:possible\ (?:recursive|circular)\ locking|inconsistent\ lock\ state)\b |
	\b(?:KASAN|UBSAN|kmemleak)\b		|
	\bunreferenced\ object\b			|
	\b(?:rcu_\w+|rcu:?)\b.*\bstall			|
	\bblocked\ for\ more\ than\b
/x;

my @allowed = read_allowed(dirname(__FILE__) . '/log-allowed');

sub read_allowed
{
	my $path = shift;

	open(my $file, '<', $path) or die "$path: $!\n";
	return map { chomp; qr/^$_$/ } grep { !/^(?:#|$)/ } <$file>;
}

# A test makes a process run into its memory limit, and marks the log before and after.
# The kernel reports that at length, with a backtrace, which is allowed between the marks.
my $starving = 0;

sub note_starvation
{
	my $message = shift;

	$starving = 1 if $message =~ /^lockmgr-vm: running out of memory on purpose/;
	$starving = 0 if $message =~ /^lockmgr-vm: back to normal/;
}

# KCSAN also finds races within the kernel itself. Its report stands between two lines of
# "===". It is about the module if it names the module anywhere; then the lines that name it
# are bad news, and no others.
my $racing = 0;

# Frames of the module below an interrupt do not count: the interrupt has nothing to do with
# the code that it interrupted.
my $interrupted = 0;

# Nor does a report count in which both accesses are made by the kernel, to data of its own:
#
#   - the check whether a task has a capability writes a flag of that task (PF_SUPERPRIV),
#     while interrupts read the flags
#   - kernfs reads the flags of a node when a file is closed, while the node is being removed
#   - a thread that sleeps with a deadline checks whether its timer has run, while the timer
#     notes that it has
my $kernfs = qr{(?:__)?kernfs_[\w.]+};
my $others = qr{(?:(?!\[lockmgr\]).)*};
my @pairs = (qr{capable / $others}, qr{$others / capable}, qr{$kernfs / $kernfs},
	     qr{hrtimer_wakeup / schedule_hrtimeout_range_clock});
my ($foreign) = map { qr{^BUG: KCSAN: data-race in (?:$_)$} } join '|', @pairs;
my $ours = 0;

sub note_race
{
	my $message = shift;

	if ($message =~ /^BUG: KCSAN: /) {
		$racing = 1;
		$ours = $message !~ $foreign;
		$interrupted = 0;
	}
	# The stack of each access begins after an empty line; the frames of an interrupt come
	# before those of the code that it interrupted.
	$interrupted = $message =~ /\S/ && ($interrupted || $message =~ /^ asm_sysvec_/);
	# The "===" before the report.
	return 1 if $message =~ /^={60,}$/ && !$racing;
	return 0 if !$racing;
	$racing = 0 if $message =~ /^={60,}$/;
	return 1;
}

# Whether a message is bad news. Must be called for every message, in their order, since the
# meaning of one can depend on those before it. Strictly: every message that log-allowed does
# not allow is bad news.
sub complains
{
	my ($message, $strictly) = @_;

	note_starvation($message);
	return $ours && !$interrupted && $message =~ /\blockmgr/ if note_race($message);
	return $message =~ $fatal && $message !~ /\bCall Trace\b/ if $starving;
	return 1 if $message =~ $fatal;
	return $strictly && !grep { $message =~ $_ } @allowed;
}

1;
