// The opening in iptables' INPUT, in the scripts of both backends. What is intercepted is input to
// this machine, with its client's destination; a filter there (ufw's, a last REJECT) refuses what
// it does not know. As libvirt and docker do, weir has a jump of its own there, and only where
// INPUT holds a rule, or a policy other than ACCEPT: an empty one stays untouched. The chain lets
// in what carries weir's mark and is for a transparent socket; services of the router have none.
//
// Constant text; any thread.
#pragma once

#include <string_view>

namespace weir::firewall::shell {

inline constexpr std::string_view input = R"sh(
# --- Input: iptables' INPUT lets in what is for weir's own sockets, where it may refuse anything
# What is intercepted is input to this machine. A chain WEIR-INPUT lets in what has weir's mark and
# is for a transparent socket, which no service of the router has; nothing is done where INPUT is
# empty. A filter in a table of nft's own has to let it in by itself: see `weir doctor`.

# Debian has two kinds of iptables, and the kernel obeys the rules of both.
input_programs() {
	for program in iptables ip6tables iptables-legacy ip6tables-legacy iptables-nft ip6tables-nft; do
		! command -v "$program-save" >/dev/null || echo "$program"
	done
}

# Whether INPUT holds something of others, weir's jump, and whether weir's chain is there.
input_of() { # PROGRAM
	"$1-save" 2>/dev/null | awk '
		/^\*/ { table = $1 }
		table != "*filter" { next }
		/^:INPUT / && $2 != "ACCEPT" { others = 1 }
		/^-A INPUT / && !/ -j WEIR(-INPUT)?$/ { others = 1 }
		$0 == "-A INPUT -j WEIR-INPUT" { jump = 1 }
		/^:WEIR-INPUT / { chain = 1 }
		END { print others + 0, jump + 0, chain + 0 }'
}

shut_input() { # PROGRAM CHAIN
	[ "$2" = 1 ] || return 0
	while "$1" -w -D INPUT -j WEIR-INPUT 2>/dev/null; do :; done
	"$1" -w -F WEIR-INPUT
	"$1" -w -X WEIR-INPUT
}

shut_inputs() {
	for program in $(input_programs); do
		set -- $(input_of "$program")
		shut_input "$program" "$3"
	done
}

# Once there the jump stays where it is: what others put before it they mean.
open_inputs() { # RULE
	rule=$1
	for program in $(input_programs); do
		set -- $(input_of "$program")
		[ "$1" = 1 ] || { shut_input "$program" "$3"; continue; }
		{
			printf '*filter\n:WEIR-INPUT - [0:0]\n-A WEIR-INPUT %s\n' "$rule"
			[ "$2" = 1 ] || echo '-I INPUT -j WEIR-INPUT'
			echo COMMIT
		} | "$program-restore" -w --noflush ||
			echo "weir: cannot open INPUT of $program to intercepted packets" >&2
	done
}
)sh";

inline constexpr std::string_view input_apply = R"sh(
main() {
	apply_inputs
}

main </dev/null
)sh";

}  // namespace weir::firewall::shell
