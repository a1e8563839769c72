# SPDX-License-Identifier: GPL-2.0-only
#
# Judges messages of the kernel.

package KernelLog;

use strict;
use warnings;
use File::Basename qw(dirname);

# Bad news at any time, before the module is loaded too.
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

# A test makes a process run into its memory limit, and says so before and after.
# The kernel reports that at length; a backtrace in it is fine.
my $starving = 0;

sub note_starvation
{
	my $message = shift;

	$starving = 1 if $message =~ /^lockmgr-vm: running out of memory on purpose/;
	$starving = 0 if $message =~ /^lockmgr-vm: back to normal/;
}

# KCSAN finds races of the kernel's own. A report between two rules is about ours if it
# names the module anywhere; only what says so is bad news then.
my $racing = 0;

# But not where an interrupt came: what it does has nothing to do with whom it interrupted.
my $interrupted = 0;

# Nor if both accesses are the kernel's, to what is its own:
#
#   - with the answer to whether a task has a capability, it writes a flag of that task, which
#     its interrupts read
#   - kernfs looks at the flags of its nodes when a file is closed that is just being removed
#   - who sleeps with a deadline looks whether its timer has run, and the timer says so
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
	# Each access's stack begins after an empty line, and an interrupt's above what it came to.
	$interrupted = $message =~ /\S/ && ($interrupted || $message =~ /^ asm_sysvec_/);
	# The rule before the report.
	return 1 if $message =~ /^={60,}$/ && !$racing;
	return 0 if !$racing;
	$racing = 0 if $message =~ /^={60,}$/;
	return 1;
}

# Whether a message is bad news. To be asked about all, in their order: what one
# means can depend on those before. Strictly: is everything that is not allowed.
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
