# SPDX-License-Identifier: GPL-2.0-only
#
# Manual pages as readers see them: rendered by mandoc, without fonts, each paragraph a
# line; and parts of them.

use strict;
use warnings;

# The indentation of sub-headings, and of text.
my $SUB = 3;
my $TEXT = 7;

sub all_pages
{
	return map { m{([^/]+)$} } glob 'libuser/man/man[1-9]/*.[1-9]';
}

# Where a page lies: man(1) wants a directory for each section.
sub path_of
{
	my ($page) = @_;
	my ($section) = $page =~ /(\d)$/;

	return "libuser/man/man$section/$page";
}

# A page that only leads to another: the name of that, or nothing.
sub link_target
{
	my ($page) = @_;

	return read_file(path_of($page)) =~ m{^\.so man\d/(\S+)$}m ? $1 : ();
}

# Pages with a text, in these sections of the manual.
sub pages
{
	my ($sections) = @_;

	return grep { /\.[$sections]$/ && !link_target($_) } all_pages();
}

sub render
{
	my ($page) = @_;
	my $path = path_of($page);
	my $text = qx(mandoc -Tascii -Owidth=1000 '$path');

	die "mandoc: $page" if $?;
	$text =~ s/.\x08//g;
	return $text;
}

# Starting programs takes time in a virtual machine.
my %rendered;

sub rendered
{
	my ($page) = @_;

	return $rendered{$page} //= render($page);
}

sub headings
{
	my ($text) = @_;

	# The first and the last line are the page's.
	my (undef, @lines) = split /\n/, $text;
	pop @lines;
	return grep { /^\S/ } @lines;
}

sub section
{
	my ($text, $title) = @_;

	return $text =~ /^\Q$title\E\n(.*?)(?=^\S)/ms ? $1 : '';
}

sub subsection
{
	my ($text, $title) = @_;

	return $text =~ /^ {$SUB}\Q$title\E\n(.*?)(?=^ {0,$SUB}\S)/ms ? $1 : '';
}

# Errors that a text describes: of each, its name and the functions that follow it in
# parentheses.
sub described_errors
{
	my ($text) = @_;
	my $error = qr{E[A-Z0-9]{2,}};
	my $function = qr{\w+\(\)};
	my @errors;

	while ($text =~ /^ {$TEXT}($error(?:, $error)*)(?: \(($function(?:, $function)*)\))?\s/gm) {
		my ($names, $functions) = ($1, $2 // '');
		my @functions = $functions =~ /\w+/g;

		push @errors, { name => $_, functions => \@functions } for $names =~ /\w+/g;
	}
	return @errors;
}

# The names of a page, as it says them.
sub names
{
	my ($page) = @_;
	my ($names) = section(rendered($page), 'NAME') =~ /^\s*(.*?) - /;

	return split /, /, $names // '';
}

# What stands for characters in program texts.
my %escapes = ('e' => '\\', '-' => '-', '&' => '');

# Program texts by the names that the source of the page gives them.
sub examples
{
	my ($page) = @_;
	my %texts = read_file(path_of($page)) =~
		    /^\.\\" SRC BEGIN \((\S+)\)\n\.EX\n(.*?)^\.EE\n\.\\" SRC END$/gms;

	s{\\(.)}{$escapes{$1} // die "$page: what is \\$1?"}ge for values %texts;
	return %texts;
}

# Puts a program text into a file, and what it becomes beside it: .run, if it is a whole
# program. Returns what the compiler says.
sub compile
{
	my ($path, $text) = @_;
	my $result = $text =~ /\bmain\(/ ? "-o '$path.run' build/lib/liblockmgr.a -pthread"
					 : "-c -o '$path.o'";

	write_file($path, $text);
	return scalar qx(cc -Wall -Wextra -Werror -Iinclude -Iinclude/uapi '$path' $result 2>&1);
}

1;
