// The fixed parts of the scripts, as shell. What differs from one configuration to the next is set
// in variables and here-documents around them (script.cc): mark, table, protocol, priority.
//
// Everything is inside functions and runs at the last line, so that a script that breaks off while
// it is being read does nothing.
//
// Constant text; any thread.
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
# whatever its destination. Where the kernel or another firewall looks up the reverse path to a packet's
# sender, it asks from lo, with the packet's mark: that must not find this table. Rules and route
# carry a protocol number by which weir knows its own.

add_routes() { # -4 | -6
	# With IPv6 switched off there is nothing to route, and no route can be added.
	[ "$1" = -6 ] && [ "$(cat /proc/sys/net/ipv6/conf/lo/disable_ipv6)" = 1 ] && return
	# A route that another program made for the same purpose does as well.
	if ! ip "$1" route show table "$table" type local default 2>/dev/null | grep -q 'dev lo'; then
		error=$(ip "$1" route add local default dev lo table "$table" proto "$protocol" 2>&1) ||
			case $error in
			*'File exists'*) fail "another program uses table $table: set another 'table' in [firewall]" ;;
			*) fail "cannot add a route to table $table: $error" ;;
			esac
	fi
	found=$(ip -N "$1" rule show | tr -s '\t ' ' ' |
		sed -n "s/ *\$//; s/: / /; s/ \[unresolved\]//; /proto $protocol\$/p")
	policy_rules | while read -r priority rule; do
		echo "$found" | grep -qxF "$priority $rule" && continue
		ip "$1" rule add $rule priority "$priority" || exit 1
	done || exit 1
	# Those of an earlier configuration.
	echo "$found" | while read -r priority rule; do
		[ -z "$rule" ] || policy_rules | grep -qxF "$priority $rule" ||
			ip "$1" rule del $rule priority "$priority"
	done
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
	nft list tables 2>/dev/null | grep -qxF 'table inet weir' || remove_routes
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
	apply_inputs
}

main </dev/null
)sh";

inline constexpr std::string_view clear_table = R"sh(
# What takes everything out of the table but these sets.
clear_table() { # SETS
	nft -s -t list ruleset inet | awk -v keep=" $1 " '
		/^table / { own = $0 == "table inet weir {"; next }
		!own || !/^\t[a-z].* \{$/ { next }
		$1 == "chain" {
			flush = flush "flush chain inet weir " $2 "\n"
			gone = gone "delete chain inet weir " $2 "\n"
		}
		$1 == "ct" { rest = rest "delete ct " $2 " inet weir " $3 "\n" }
		$1 == "counter" { rest = rest "delete counter inet weir " $2 "\n" }
		($1 == "set" || $1 == "map") && index(keep, " " $2 " ") == 0 {
			rest = rest "delete " $1 " inet weir " $2 "\n"
		}
		END { printf "%s%s%s", flush, gone, rest }'
}
)sh";

inline constexpr std::string_view nft_remove = R"sh(
main() {
	need ip iproute2
	need nft nftables
	printf 'table inet weir\ndelete table inet weir\n' | nft -f - || exit 1
	shut_inputs
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
			# Those that are numbered belong to nat_copy.
			if (keep != "  " && chain ~ /^WEIR-NAT-[0-9]/) next
			# That one is for the opening in INPUT.
			if (chain == "WEIR-INPUT") next
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

inline constexpr std::string_view remove_sets = R"sh(
# The kernel lets go of a set a moment after the last rule that looked at it.
remove_sets() { # KEEP
	command -v ipset >/dev/null || return 0
	for set in $(ipset list -n 2>/dev/null | grep '^weir-[46]-'); do
		case " $1 " in *" $set "*) continue ;; esac
		tries=0
		until ipset destroy "$set" 2>/dev/null || [ "$tries" -ge 40 ]; do
			tries=$((tries + 1))
			sleep 0.05
		done
	done
	return 0
}
)sh";

inline constexpr std::string_view iptables_apply = R"sh(
# Looked for first: applying twice adds nothing and moves nothing.
jump_from() { # COMMAND TABLE CHAIN TARGET -A | -I
	"$1" -w -t "$2" -C "$3" -j "$4" 2>/dev/null && return
	make_base_chain "$1" "$2" "$3"
	"$1" -w -t "$2" "$5" "$3" -j "$4"
}

all_rules() { # COMMAND translations|'' masqueraded|''
	"ruleset_$1" | sed '/^COMMIT$/,$d'
	[ -z "$2" ] || ! decides || nat_copy "$1"
	[ -z "$3" ] || "masqueraded_$1"
	echo COMMIT
	"ruleset_$1" | sed '1,/^COMMIT$/d'
}

restore() { # COMMAND translations|'' masqueraded|''
	all_rules "$@" | "$1-restore" -w --noflush
}

# The first rule of its chain, and only there.
first_jump_from() { # COMMAND TABLE CHAIN TARGET
	make_base_chain "$1" "$2" "$3"
	rule="-A $3 -j $4"
	[ "$("$1" -w -t "$2" -S "$3" 2>/dev/null | sed -n 2p)" = "$rule" ] ||
		"$1" -w -t "$2" -I "$3" -j "$4" || return
	"$1" -w -t "$2" -S "$3" | sed 1d | grep -nxF -e "$rule" | cut -d: -f1 | sed 1d | sort -rn |
		while read -r number; do "$1" -w -t "$2" -D "$3" "$number"; done
}

install() { # -4 | -6
	command=$(command_of "$1")
	add_routes "$1"
	# In one transaction. Should the kernel have no labels, or mangle not take what nat takes, it
	# goes without.
	restore "$command" translations masqueraded 2>/dev/null ||
		restore "$command" translations '' 2>/dev/null ||
		restore "$command" '' masqueraded 2>/dev/null ||
		restore "$command" '' '' || exit 1
	filter_jumps "$command" || exit 1
	first_jump_from "$command" mangle PREROUTING WEIR || exit 1
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
	add_sets || exit 1
	for family in $(families); do
		command=$(command_of "$family")
		# Parsed first, so that nothing is changed for a ruleset that is refused.
		"ruleset_$command" | "$command-restore" -w --noflush --test || exit 1
	done
	for family in $(families); do
		(install "$family") || give_up
	done
	remove_sets "$sets_to_keep"
	apply_inputs
}

main </dev/null
)sh";

inline constexpr std::string_view iptables_remove = R"sh(
main() {
	need ip iproute2
	need iptables iptables
	shut_inputs
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
	remove_sets ''
	remove_routes
}

main </dev/null
)sh";

}  // namespace weir::firewall::shell
