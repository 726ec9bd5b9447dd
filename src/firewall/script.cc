#include "firewall/script.h"

#include <fmt/format.h>

#include "firewall/iptables.h"
#include "firewall/iptables_chains.h"
#include "firewall/nft.h"
#include "firewall/shell_text.h"
#include "firewall/words.h"

namespace weir::firewall {

namespace {

std::string mark_text(Mark mark) {
  return mark.mask == 0xffffffff ? fmt::format("{:#x}", mark.value)
                                 : fmt::format("{:#x}/{:#x}", mark.value, mark.mask);
}

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
      "# and, if there is an input filter, that it accepts what is marked: an intercepted packet\n"
      "# is input to this machine.\n",
      printable(ruleset.file), name_of(backend), ruleset.port, mark_text(ruleset.mark),
      backend == Backend::nft
          ? "."
          : ", but on datagrams to an address and port that weir has a\n"
            "# transparent socket for: iptables reads a socket's mark only by copying it.");
  if (backend == Backend::iptables) {
    text += on_failure_of_iptables(ruleset);
  } else if (needs_guardian(ruleset, backend)) {
    text +=
        "#\n"
        "# local = yes: what the router itself sends is marked before the kernel can look for the\n"
        "# listener; while weir is down connections are refused and datagrams lost. `weir run\n"
        "# --firewall` leaves a guardian that does what on-failure says when weir dies; otherwise\n"
        "# its supervisor has to run `weir firewall remove`.\n";
  }
  return text + "\n" + std::string(shell::prologue);
}

std::string chains_of(const Ruleset& ruleset, Family family, std::string_view table) {
  return fmt::format("{}", fmt::join(iptables_chains(ruleset, family, table), " "));
}

// The jumps into filter's WEIR, or their removal when an earlier configuration needed them.
std::string filter_jumps(const Ruleset& ruleset) {
  if (iptables_chains(ruleset, Family::v4, "filter").empty()) {
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
      chains_of(ruleset, Family::v4, "filter"));
}

std::string iptables_part(const Ruleset& ruleset) {
  std::string text = "\n# --- Rules: chains WEIR… in the tables mangle and filter\n";
  text += here_document("ruleset_iptables", render_iptables(ruleset, Family::v4));
  text += here_document("ruleset_ip6tables", render_iptables(ruleset, Family::v6));
  text += fmt::format(
      "\nchains() {{ # COMMAND\n"
      "\tif [ \"$1\" = iptables ]; then\n\t\techo '{}'\n\telse\n\t\techo '{}'\n\tfi\n}}\n",
      chains_of(ruleset, Family::v4, "mangle"), chains_of(ruleset, Family::v6, "mangle"));
  text += shell::iptables_chains;
  text += filter_jumps(ruleset);
  text += fmt::format("\nlocal_jumps() {{ # COMMAND\n\t{}\n}}\n",
                      ruleset.local ? "jump_from \"$1\" mangle OUTPUT WEIR-LOCAL -A"
                                    : "remove_jump \"$1\" mangle OUTPUT WEIR-LOCAL");
  text += shell::iptables_apply;
  return text;
}

std::string own_numbers() { return fmt::format("\nprotocol={}\n", route_protocol); }

}  // namespace

std::string routes_script(const Ruleset& ruleset) {
  std::string text = "#!/bin/sh\n";
  text += shell::prologue;
  text += shell::add_routes;
  text += own_numbers();
  text += fmt::format("priority={}\nmark={}\ntable={}\n", rule_priority, mark_text(ruleset.mark),
                      ruleset.table);
  text += shell::routes_apply;
  return text;
}

std::string apply_script(const Ruleset& ruleset, Backend backend) {
  std::string text = introduction(ruleset, backend);
  text += shell::add_routes;
  text += own_numbers();
  text += fmt::format("priority={}\nmark={}\ntable={}\n", rule_priority, mark_text(ruleset.mark),
                      ruleset.table);
  text += shell::remove_routes;
  if (backend == Backend::iptables) {
    return text + iptables_part(ruleset);
  }
  text += "\n# --- Rules: the table `inet weir`\n";
  text += here_document("ruleset", render_nft(ruleset));
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
  if (backend == Backend::nft) {
    text += shell::nft_remove;
  } else {
    text += shell::iptables_chains;
    text += shell::iptables_remove;
  }
  return text;
}

}  // namespace weir::firewall
