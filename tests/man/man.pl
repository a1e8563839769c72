# SPDX-License-Identifier: GPL-2.0-only
#
# Manual pages as readers see them, and parts of them: rendered by mandoc, without fonts, one
# line per paragraph.

use strict;
use warnings;

# The indentation of sub-headings, and of text.
my $SUB = 3;
my $TEXT = 7;

sub all_pages
{
	return map { m{([^/]+)$} } glob 'libuser/man/man[1-9]/*.[1-9]';
}

# The path of a page: man(1) needs one directory per section.
sub path_of
{
	my ($page) = @_;
	my ($section) = $page =~ /(\d)$/;

	return "libuser/man/man$section/$page";
}

# For a page that is only a link to another: the name of the other. Otherwise nothing.
sub link_target
{
	my ($page) = @_;

	return read_file(path_of($page)) =~ m{^\.so man\d/(\S+)$}m ? $1 : ();
}

# The pages of these sections of the manual that are not just links.
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

# Each page is rendered only once, since starting programs takes time in a virtual machine.
my %rendered;

sub rendered
{
	my ($page) = @_;

	return $rendered{$page} //= render($page);
}

sub headings
{
	my ($text) = @_;

	# The first and the last line are the page's header and footer.
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

# The errors that a text describes: for each, its name, and the functions that follow the name
# in parentheses.
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

# The names in a page's section NAME.
sub names
{
	my ($page) = @_;
	my ($names) = section(rendered($page), 'NAME') =~ /^\s*(.*?) - /;

	return split /, /, $names // '';
}

# Escapes in program texts, and the characters that they stand for.
my %escapes = ('e' => '\\', '-' => '-', '&' => '');

# By the names that the page's source gives them: its program texts.
sub examples
{
	my ($page) = @_;
	my %texts = read_file(path_of($page)) =~
		    /^\.\\" SRC BEGIN \((\S+)\)\n\.EX\n(.*?)^\.EE\n\.\\" SRC END$/gms;

	s{\\(.)}{$escapes{$1} // die "$page: what is \\$1?"}ge for values %texts;
	return %texts;
}

# compile(PATH, TEXT): writes a program text to PATH, and compiles it to PATH.run if it is a
# whole program, otherwise to PATH.o. Returns the compiler's output.
sub compile
{
	my ($path, $text) = @_;
	my $result = $text =~ /\bmain\(/ ? "-o '$path.run' build/lib/liblockmgr.a -pthread"
					 : "-c -o '$path.o'";

	write_file($path, $text);
	return scalar qx(cc -Wall -Wextra -Werror -Iinclude -Iinclude/uapi '$path' $result 2>&1);
}

1;
