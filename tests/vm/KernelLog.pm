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
	\b(?:KASAN|KCSAN|UBSAN|kmemleak)\b		|
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

sub fatal
{
	my $message = shift;

	return $message =~ $fatal;
}

sub allowed
{
	my $message = shift;

	return 0 if fatal($message);
	return scalar grep { $message =~ $_ } @allowed;
}

1;
