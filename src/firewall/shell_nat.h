// What iptables' nat table translates, asked before it does: the part of the scripts that copies
// its rules. TPROXY is allowed in mangle alone, which comes before nat, and weir leaves alone what
// nat will translate. So chains WEIR-NAT-… in mangle hold the same conditions, and where nat
// translates they set the bypass-mark, where it stops without that (ACCEPT) weir's mark. Only a
// connection's first packet is asked, as in nat; later ones carry the answer (--ctstate DNAT).
//
// Conditions that count by themselves cannot be asked twice. `statistic` chooses among
// translations, so that it is left out; a rule with another one is not copied, and what it
// translates goes to weir (`weir doctor` names it).
//
// Constant text; any thread.
#pragma once

#include <string_view>

namespace weir::firewall::shell {

inline constexpr std::string_view copy_nat = R"sh(
# --- Translations
# mangle comes before nat: what nat will translate is found by asking the same conditions here.

nat_copy() { # COMMAND
	"$1-save" 2>/dev/null | awk -v hit="$hit" -v miss="$miss" -v masks="$masks" -v local="$local" '
		function copy_of(chain) {
			if (!(chain in copies)) {
				copies[chain] = chain ~ /^(PREROUTING|OUTPUT)$/ ? "WEIR-NAT-" chain : "WEIR-NAT-" ++number
				queue[++last] = chain
			}
			return copies[chain]
		}
		function copy_rule(chain, line,   how, target, act) {
			gsub(/ -m comment --comment ("([^"\\]|\\.)*"|[^ ]+)/, "", line)
			if (!match(line, / -[jg] [^ ]+/)) return
			how = substr(line, RSTART + 1, 2)
			target = substr(line, RSTART + 4, RLENGTH - 4)
			line = substr(line, 1, RSTART - 1)
			gsub(/ -m statistic --mode (random( !)? --probability [0-9.]+|nth( !)? --every [0-9]+( --packet [0-9]+)?)/, "", line)
			if (line ~ / -m (limit|hashlimit|recent|quota|connlimit) /) return
			if (target ~ /^(DNAT|REDIRECT|NETMAP)$/) act = "-j MARK --set-xmark " hit
			else if (target == "ACCEPT") act = "-j MARK --set-xmark " miss
			else if (target == "RETURN") act = "-j RETURN"
			else if (target in rules) act = how " " copy_of(target)
			else return
			text = text "-A " copies[chain] line " " act "\n"
			if (act !~ /RETURN$/ && how == "-j")
				text = text "-A " copies[chain] " -m mark ! --mark 0x0/" masks " -j RETURN\n"
		}
		/^\*/ { table = substr($1, 2) }
		table == "mangle" && /^:WEIR-NAT-[0-9]/ { old[substr($1, 2)] = 1 }
		table == "nat" && /^-A / {
			chain = $2
			rules[chain]++
			sub(/^-A [^ ]+/, "")
			rule[chain, rules[chain]] = $0
		}
		END {
			copy_of("PREROUTING")
			if (local) copy_of("OUTPUT")
			for (first = 1; first <= last; first++) {
				chain = queue[first]
				for (i = 1; i <= rules[chain]; i++) copy_rule(chain, rule[chain, i])
			}
			print "-F WEIR-NAT-PREROUTING"
			if (local) print "-F WEIR-NAT-OUTPUT"
			for (i = 1; i <= number; i++) {
				print ":WEIR-NAT-" i " - [0:0]"
				delete old["WEIR-NAT-" i]
			}
			for (chain in old) print "-F " chain
			for (chain in old) print "-X " chain
			printf "%s", text
		}'
}
)sh";

inline constexpr std::string_view nat_apply = R"sh(
main() {
	for family in $(families); do
		command=$(command_of "$family")
		{ echo '*mangle'; nat_copy "$command"; echo COMMIT; } | "$command-restore" -w --noflush || exit 1
	done
}

main </dev/null
)sh";

}  // namespace weir::firewall::shell
