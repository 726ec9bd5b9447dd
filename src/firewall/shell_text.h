// The fixed parts of the scripts, as shell. What differs from one configuration to the next is set
// in variables and here-documents around them (script.cc): mark, table, protocol, priority.
//
// Everything is inside functions and runs at the last line, so that a script that breaks off while
// it is being read does nothing.
#pragma once

#include <string_view>

namespace weir::firewall::shell {

inline constexpr std::string_view prologue = R"sh(set -u
export LC_ALL=C PATH="$PATH:/usr/sbin:/sbin"

fail() {
	echo "weir: $*" >&2
	exit 1
}

need() { # PROGRAM PACKAGE
	command -v "$1" >/dev/null || fail "$1 is not installed (package $2)"
}

# Both address families, or IPv4 alone where the kernel has no IPv6.
families() {
	if [ -e /proc/sys/net/ipv6 ]; then echo '-4 -6'; else echo '-4'; fi
}
)sh";

inline constexpr std::string_view add_routes = R"sh(
# --- Policy routes
# A packet that carries the mark looks up a table whose only route delivers it to this machine,
# whatever its destination. Rule and route carry a protocol number by which weir knows its own.

add_routes() { # -4 | -6
	# With IPv6 switched off there is nothing to route, and no route can be added.
	[ "$1" = -6 ] && [ "$(cat /proc/sys/net/ipv6/conf/lo/disable_ipv6)" = 1 ] && return
	# A route that somebody else made for the same purpose does as well.
	if ! ip "$1" route show table "$table" type local default 2>/dev/null | grep -q 'dev lo'; then
		error=$(ip "$1" route add local default dev lo table "$table" proto "$protocol" 2>&1) ||
			case $error in
			*'File exists'*) fail "table $table is somebody else's: set another 'table' in [firewall]" ;;
			*) fail "cannot add a route to table $table: $error" ;;
			esac
	fi
	wanted="$priority: from all fwmark $mark lookup $table proto $protocol"
	found=$(ip -N "$1" rule show | tr -s '\t ' ' ' | sed -n "s/ *\$//; /proto $protocol\$/p")
	[ "$found" = "$wanted" ] && return
	# None, or one of an earlier configuration.
	ip "$1" rule flush protocol "$protocol" 2>/dev/null
	ip "$1" rule add fwmark "$mark" lookup "$table" priority "$priority" protocol "$protocol" ||
		exit 1
	ip -N "$1" route show table all proto "$protocol" |
		sed -n 's/.* table \([0-9]*\).*/\1/p' | sort -u |
		while read -r other; do
			[ "$other" = "$table" ] || ip "$1" route flush table "$other" proto "$protocol"
		done
}
)sh";

inline constexpr std::string_view routes_apply = R"sh(
main() {
	need ip iproute2
	for family in $(families); do
		(add_routes "$family") || exit 1
	done
}

main </dev/null
)sh";

inline constexpr std::string_view remove_routes = R"sh(
remove_routes() {
	for family in $(families); do
		# To have nothing to flush is an error for some versions of ip.
		ip "$family" rule flush protocol "$protocol" 2>/dev/null
		ip "$family" route flush table all proto "$protocol" 2>/dev/null
	done
	return 0
}
)sh";

inline constexpr std::string_view nft_apply = R"sh(
# Whatever went wrong: no routes for a ruleset that is not there.
give_up() {
	nft list table inet weir >/dev/null 2>&1 || remove_routes
	exit 1
}

main() {
	need ip iproute2
	need nft nftables
	# Asked first, so that nothing is changed for a ruleset that the kernel refuses.
	ruleset | nft -c -f - || exit 1
	for family in $(families); do
		(add_routes "$family") || give_up
	done
	ruleset | nft -f - || give_up
}

main </dev/null
)sh";

inline constexpr std::string_view nft_remove = R"sh(
main() {
	need ip iproute2
	need nft nftables
	printf 'table inet weir\ndelete table inet weir\n' | nft -f - || exit 1
	remove_routes
}

main </dev/null
)sh";

inline constexpr std::string_view iptables_chains = R"sh(
command_of() { # -4 | -6
	if [ "$1" = -4 ]; then echo iptables; else echo ip6tables; fi
}

# Removes weir's chains from a table, all at once, but for those to keep.
remove_chains() { # COMMAND TABLE KEEP
	"$1-save" -t "$2" 2>/dev/null | awk -v table="$2" -v keep=" $3 " '
		/^:WEIR/ {
			chain = substr($1, 2)
			if (index(keep, " " chain " ") != 0) next
			flush = flush "-F " chain "\n"
			remove = remove "-X " chain "\n"
		}
		END { if (remove != "") printf "*%s\n%s%sCOMMIT\n", table, flush, remove }' |
		"$1-restore" -w --noflush
}

# iptables over nft makes its base chains and tables when first used, and leaves them behind. An
# empty chain weir-made-CHAIN remembers that weir was the first.
nft_family() { # COMMAND; fails where iptables does not sit on nft
	"$1" -V | grep -q nf_tables && command -v nft >/dev/null || return 1
	if [ "$1" = iptables ]; then echo ip; else echo ip6; fi
}

make_base_chain() { # COMMAND TABLE CHAIN
	nft_family=$(nft_family "$1") || return 0
	nft list chain "$nft_family" "$2" "$3" >/dev/null 2>&1 || "$1" -w -t "$2" -N "weir-made-$3"
}

remove_base_chain() { # COMMAND TABLE CHAIN
	"$1" -w -t "$2" -X "weir-made-$3" 2>/dev/null || return 0
	[ "$("$1" -w -t "$2" -S "$3" 2>/dev/null)" = "-P $3 ACCEPT" ] && "$1" -w -t "$2" -X "$3"
	return 0
}

remove_table() { # COMMAND TABLE
	nft_family=$(nft_family "$1") || return 0
	[ "$(nft list table "$nft_family" "$2" 2>/dev/null | grep -cv '^#')" = 2 ] &&
		nft delete table "$nft_family" "$2"
	return 0
}

remove_jump() { # COMMAND TABLE CHAIN TARGET
	while "$1" -w -t "$2" -D "$3" -j "$4" 2>/dev/null; do :; done
	remove_base_chain "$@"
}
)sh";

inline constexpr std::string_view iptables_apply = R"sh(
# Looked for first: applying twice adds nothing and moves nothing.
jump_from() { # COMMAND TABLE CHAIN TARGET -A | -I
	"$1" -w -t "$2" -C "$3" -j "$4" 2>/dev/null && return
	make_base_chain "$1" "$2" "$3"
	"$1" -w -t "$2" "$5" "$3" -j "$4"
}

install() { # -4 | -6
	command=$(command_of "$1")
	add_routes "$1"
	"ruleset_$command" | "$command-restore" -w --noflush || exit 1
	filter_jumps "$command" || exit 1
	jump_from "$command" mangle PREROUTING WEIR -A || exit 1
	local_jumps "$command" || exit 1
	remove_chains "$command" mangle "$(chains "$command")"
}

# Whatever went wrong: no routes for rules that are not there.
give_up() {
	iptables -w -t mangle -C PREROUTING -j WEIR 2>/dev/null || remove_routes
	exit 1
}

main() {
	need ip iproute2
	need iptables iptables
	for family in $(families); do
		command=$(command_of "$family")
		# Parsed first, so that nothing is changed for a ruleset that is refused.
		"ruleset_$command" | "$command-restore" -w --noflush --test || exit 1
	done
	for family in $(families); do
		(install "$family") || give_up
	done
}

main </dev/null
)sh";

inline constexpr std::string_view iptables_remove = R"sh(
main() {
	need ip iproute2
	need iptables iptables
	for family in $(families); do
		command=$(command_of "$family")
		remove_jump "$command" mangle PREROUTING WEIR
		remove_jump "$command" mangle OUTPUT WEIR-LOCAL
		remove_jump "$command" filter FORWARD WEIR
		remove_jump "$command" filter INPUT WEIR
		remove_jump "$command" filter OUTPUT WEIR-LOCAL
		for table in mangle filter; do
			remove_chains "$command" "$table" '' || exit 1
			remove_table "$command" "$table"
		done
	done
	remove_routes
}

main </dev/null
)sh";

}  // namespace weir::firewall::shell
