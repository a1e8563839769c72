#!/usr/bin/env perl
# SPDX-License-Identifier: GPL-2.0-only
#
# many.pl SOCKET NUMBER: has Podman's service make NUMBER containers, many-1 and on. Uses
# only what Debian's smallest system has.

use strict;
use warnings;
use IO::Socket::UNIX;

my ($path, $number) = @ARGV;

sub post
{
	my ($where, $body) = @_;
	my $socket = IO::Socket::UNIX->new(Peer => $path) or die "$path: $!\n";

	print $socket "POST /v4.0.0/libpod/$where HTTP/1.0\r\nContent-Type: application/json\r\n",
		'Content-Length: ', length $body, "\r\n\r\n", $body;
	$socket->flush;
	local $/;
	my $answer = <$socket> // '';
	die "$where: $answer\n" if $answer !~ m{\AHTTP/1\.\d 201 };
}

for my $i (1 .. $number) {
	post('containers/create', qq({"name": "many-$i", "rootfs": "/srv/root",)
		. ' "command": ["/bin/busybox", "sleep", "1000000"],'
		. ' "netns": {"nsmode": "none"}, "cgroups_mode": "disabled"}');
}
