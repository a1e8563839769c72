#!/usr/bin/env perl
# SPDX-License-Identifier: GPL-2.0-only
#
# include/lockmgr.h: every function that it declares is documented.

use strict;
use warnings;

BEGIN {
	chdir(($0 =~ m{(.*)/})[0] . '/../..') or die "no tree: $!";
	require './tests/docs/docs.pl';
	require './tests/docs/headers.pl';
}

sub parameter_names
{
	my ($parameters) = @_;

	return () if $parameters =~ /^\s*void\s*$/;
	return map { /(\w+)\s*$/ } split /,/, $parameters;
}

my @functions = functions(read_file('include/lockmgr.h'));
my %declared = map { $_->{name} => 1 } @functions;

# Finds functions by a simpler pattern, to notice declarations that functions() does not
# understand.
my %mentioned = map { $_ => 1 } read_file('include/lockmgr.h') =~ /^\w[^;{(]*?\b(lockmgr_\w+)\(/gm;
same([sort keys %declared], [sort keys %mentioned], 'every_declaration_is_understood');

# The names of the functions for which this is false.
sub unless_each
{
	my ($is_so) = @_;

	return [map { $_->{name} } grep { !$is_so->($_) } @functions];
}

same(unless_each(sub {
	my ($function) = @_;

	return $function->{comment} =~ m{^/\*\*\n \* \Q$function->{name}\E\(\) - \S};
}), [], 'every_function_says_what_it_does');

same(unless_each(sub {
	my ($function) = @_;

	return $function->{declaration} =~ /^void\s+\w/ || $function->{comment} =~ /^ \* Return: /m;
}), [], 'every_function_says_what_it_returns');

same(unless_each(sub {
	my ($function) = @_;
	my @described = $function->{comment} =~ /^ \* @(\w+): /gm;

	return "@described" eq join(' ', parameter_names($function->{parameters}));
}), [], 'every_function_describes_its_parameters');

# No function returns EOWNERDEAD, but bindings for other languages turn LOCKMGR_OWNER_DIED into
# it.
same(set(grep { $_ ne 'EOWNERDEAD' } read_file('libuser/error.c') =~ /case (E[A-Z0-9]+):/g),
     set(read_file('include/lockmgr.h') =~ /-(E[A-Z][A-Z0-9]+)\b/g),
     'every_error_has_a_text_of_its_own_and_no_other');

done();
