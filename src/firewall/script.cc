#include "firewall/script.h"

#include <fmt/format.h>

#include "firewall/input_opening.h"
#include "firewall/ipset.h"
#include "firewall/lower.h"
#include "firewall/policy_rules.h"
#include "firewall/print_iptables.h"
#include "firewall/print_nft.h"
#include "firewall/shell_input.h"
#include "firewall/shell_nat.h"
#include "firewall/shell_text.h"
#include "firewall/words.h"

namespace weir::firewall {

namespace {

std::string here_document(std::string_view function, const std::string& text) {
  return fmt::format("\n{}() {{\n\tcat <<'END'\n{}END\n}}\n", function, text);
}

std::string on_failure_of_iptables(const Ruleset& ruleset) {
  if (!ruleset.has(Verdict::intercept)) {
    return "";
  }
  if (ruleset.on_failure == OnFailure::open) {
    return "#\n"
           "# on-failure = open: the TPROXY of iptables drops what finds no listener, so that "
           "these\n"
           "# rules alone cannot let traffic pass while weir is down. Whatever supervises weir "
           "has\n"
           "# to run `weir firewall remove` when it ends (systemd: ExecStopPost). nft needs no "
           "such\n"
           "# help.\n";
  }
  return "#\n"
         "# on-failure = closed: the TPROXY of iptables drops what finds no listener. Clients of "
         "a\n"
         "# weir that is down wait until they give up; with nft they are refused at once.\n";
}

std::string introduction(const Ruleset& ruleset, Backend backend) {
  std::string text = fmt::format(
      "#!/bin/sh\n"
      "# The firewall rules and policy routes of {}, for {}.\n"
      "# Running this again changes nothing; `weir firewall remove` takes all of it away.\n"
      "#\n"
      "# A TPROXY rule hands a packet to the listener on port {} without changing it, and marks "
      "it\n"
      "# with {}. A policy route delivers what is marked to this machine. Mark bits of others "
      "stay\n"
      "# as they are{}\n"
      "#\n"
      "# Interception also needs forwarding (net.ipv4.ip_forward, net.ipv6.conf.all.forwarding)\n"
      "# and, if nft has an input filter, that it accepts what is marked: an intercepted packet\n"
      "# is input to this machine. With iptables' INPUT this script sees to that.\n",
      printable(ruleset.file), name_of(backend), ruleset.port, mark_text(ruleset.mark),
      backend == Backend::nft
          ? "."
          : ", but on datagrams to an address and port that weir has a\n"
            "# transparent socket for: iptables reads a socket's mark only by copying it.");
  if (backend == Backend::iptables) {
    text += on_failure_of_iptables(ruleset);
  } else if (needs_cleanup_process(ruleset, backend)) {
    text +=
        "#\n"
        "# local = yes: what the router itself sends is marked before the kernel can look for the\n"
        "# listener; while weir is down connections are refused and datagrams lost. `weir run\n"
        "# --firewall` leaves a cleanup process that does what on-failure says when weir dies; "
        "otherwise\n"
        "# its supervisor has to run `weir firewall remove`.\n";
  }
  return text + "\n" + std::string(shell::prologue);
}

// What is installed, for both families.
struct Plans {
  explicit Plans(const Plan& plan)
      : v4(for_iptables(plan, Family::v4)), v6(for_iptables(plan, Family::v6)) {}
  Plan v4;
  Plan v6;
};

std::string chains_of(const Plan& plan, std::string_view table) {
  return fmt::format("{}", fmt::join(chains_in(plan, table), " "));
}

// The jumps into filter's WEIR, or their removal when an earlier configuration needed them.
std::string filter_jumps(const Ruleset& ruleset, const Plan& plan) {
  if (chains_in(plan, "filter").empty()) {
    return "\n# No rule rejects.\n"
           "filter_jumps() { # COMMAND\n"
           "\tremove_jump \"$1\" filter FORWARD WEIR\n"
           "\tremove_jump \"$1\" filter INPUT WEIR\n"
           "\tremove_jump \"$1\" filter OUTPUT WEIR-LOCAL\n"
           "\tremove_chains \"$1\" filter ''\n"
           "}\n";
  }
  return fmt::format(
      "\n# What is to be rejected is forwarded, with the bypass-mark on, as far as filter's WEIR.\n"
      "filter_jumps() {{ # COMMAND\n"
      "\tjump_from \"$1\" filter FORWARD WEIR -I || return\n"
      "\t{} || return\n"
      "\t{} || return\n"
      "\tremove_chains \"$1\" filter '{}'\n"
      "}}\n",
      ruleset.local_services ? "jump_from \"$1\" filter INPUT WEIR -I"
                             : "remove_jump \"$1\" filter INPUT WEIR",
      ruleset.local ? "jump_from \"$1\" filter OUTPUT WEIR-LOCAL -I"
                    : "remove_jump \"$1\" filter OUTPUT WEIR-LOCAL",
      chains_of(plan, "filter"));
}

std::string nat_part(const Ruleset& ruleset) {
  return std::string(shell::copy_nat) +
         fmt::format("\nhit={:#x}/{:#x}\nmiss={:#x}/{:#x}\nmasks={:#x}\nlocal={}\n",
                     ruleset.bypass_mark.value, ruleset.bypass_mark.mask, ruleset.mark.value,
                     ruleset.mark.mask, ruleset.both_marks().mask, ruleset.local ? "1" : "");
}

// Lists that the rules look at. Those of other rules go once nothing looks at them any more.
std::string sets_part(const Plans& plans) {
  const std::string sets = print_ipsets(plans.v4) + print_ipsets(plans.v6);
  std::string text;
  if (!sets.empty()) {
    text += "\n# --- Sets: what the rules look at, each named after what is in it";
    text += here_document("sets", sets);
  }
  text += fmt::format("\nadd_sets() {{\n\t{}\n}}\n",
                      sets.empty() ? ":" : "need ipset ipset\n\tsets | ipset restore -exist");
  text += shell::remove_sets;
  std::vector<std::string> names = ipset_names(plans.v4);
  const std::vector<std::string> v6 = ipset_names(plans.v6);
  names.insert(names.end(), v6.begin(), v6.end());
  text += fmt::format("\nsets_to_keep='{}'\n", fmt::join(names, " "));
  return text;
}

std::string input_part(const Ruleset& ruleset) {
  const std::string rule = input_rule(ruleset);
  return std::string(shell::input) +
         fmt::format("\napply_inputs() {{\n\t{}\n}}\n",
                     rule.empty() ? "shut_inputs" : "open_inputs '" + rule + "'");
}

std::string iptables_part(const Ruleset& ruleset) {
  const Plans plans(make_plan(ruleset));
  std::string text = sets_part(plans);
  text += "\n# --- Rules: chains WEIR… in the tables mangle and filter\n";
  text += here_document("ruleset_iptables", print_iptables(plans.v4));
  text += here_document("ruleset_ip6tables", print_iptables(plans.v6));
  text += fmt::format(
      "\nchains() {{ # COMMAND\n"
      "\tif [ \"$1\" = iptables ]; then\n\t\techo '{}'\n\telse\n\t\techo '{}'\n\tfi\n}}\n",
      chains_of(plans.v4, "mangle"), chains_of(plans.v6, "mangle"));
  text += "\n# Errors about masqueraded connections: where the kernel has connlabel.\n";
  text += here_document("masqueraded_iptables", print_optional(plans.v4));
  text += here_document("masqueraded_ip6tables", print_optional(plans.v6));
  text += nat_part(ruleset);
  text += fmt::format("\n# Whether any rule asks what nat translates.\ndecides() {{\n\t{}\n}}\n",
                      ruleset.decisions.empty() ? "false" : "true");
  text += shell::iptables_chains;
  text += filter_jumps(ruleset, plans.v4);
  const auto local_jump = [](const Plan& plan) {
    return plan.find("WEIR-LOCAL", "mangle") != nullptr
               ? "first_jump_from \"$1\" mangle OUTPUT WEIR-LOCAL"
               : "remove_jump \"$1\" mangle OUTPUT WEIR-LOCAL";
  };
  text += fmt::format(
      "\nlocal_jumps() {{ # COMMAND\n\tif [ \"$1\" = iptables ]; then\n\t\t{}\n\telse\n\t\t{}\n"
      "\tfi\n}}\n",
      local_jump(plans.v4), local_jump(plans.v6));
  text += input_part(ruleset);
  text += shell::iptables_apply;
  return text;
}

// The table is deleted and made anew; but where its sets are to stay, all else in it.
std::string nft_part(const Ruleset& ruleset, NftLists lists) {
  const Plan plan = for_nft(make_plan(ruleset), lists);
  std::vector<std::string> names;
  for (const auto& [name, list] : named_sets(plan)) {
    names.push_back(name);
  }
  std::string text = "\n# --- Rules: the table `inet weir`\n";
  if (names.empty()) {
    return text + here_document("ruleset", print_nft(plan));
  }
  text += shell::clear_table;
  text += fmt::format("\nsets_to_keep='{}'\n", fmt::join(names, " "));
  text += here_document("table", print_nft_table(plan));
  text += "\nruleset() {\n\tclear_table \"$sets_to_keep\"\n\ttable\n}\n";
  return text;
}

// The same for either family.
std::string policy_rules(const Ruleset& ruleset) {
  std::string lines;
  for (const PolicyRule& rule : policy_rules_of(ruleset, Family::v4)) {
    lines += fmt::format("{} {}\n", rule.priority, words(rule));
  }
  return here_document("policy_rules", lines);
}

std::string own_numbers() { return fmt::format("\nprotocol={}\n", route_protocol); }

}  // namespace

std::string routes_script(const Ruleset& ruleset) {
  std::string text = "#!/bin/sh\n";
  text += shell::prologue;
  text += shell::add_routes;
  text += own_numbers();
  text += fmt::format("table={}\n", ruleset.table);
  text += policy_rules(ruleset);
  text += shell::routes_apply;
  return text;
}

std::string nat_script(const Ruleset& ruleset) {
  std::string text = "#!/bin/sh\n";
  text += shell::prologue;
  text += nat_part(ruleset);
  text += shell::iptables_chains;
  text += shell::nat_apply;
  return text;
}

std::string input_script(const Ruleset& ruleset) {
  std::string text = "#!/bin/sh\n";
  text += shell::prologue;
  text += input_part(ruleset);
  text += shell::input_apply;
  return text;
}

std::string apply_script(const Ruleset& ruleset, Backend backend, NftLists lists) {
  std::string text = introduction(ruleset, backend);
  text += shell::add_routes;
  text += own_numbers();
  text += fmt::format("table={}\n", ruleset.table);
  text += policy_rules(ruleset);
  text += shell::remove_routes;
  if (backend == Backend::iptables) {
    return text + iptables_part(ruleset);
  }
  text += nft_part(ruleset, lists);
  text += input_part(ruleset);
  text += shell::nft_apply;
  return text;
}

std::string remove_script(Backend backend) {
  std::string text = fmt::format(
      "#!/bin/sh\n# Takes away the {} rules and the policy routes of weir, and nothing else.\n\n",
      name_of(backend));
  text += shell::prologue;
  text += own_numbers();
  text += shell::remove_routes;
  text += shell::input;
  if (backend == Backend::nft) {
    text += shell::nft_remove;
  } else {
    text += shell::iptables_chains;
    text += shell::remove_sets;
    text += shell::iptables_remove;
  }
  return text;
}

}  // namespace weir::firewall
