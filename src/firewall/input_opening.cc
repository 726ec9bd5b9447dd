#include "firewall/input_opening.h"

#include <fmt/format.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <fstream>
#include <sstream>

#include "base/netlink.h"
#include "firewall/program.h"

namespace weir::firewall {

namespace {

std::string mark_match(Mark mark) {
  return mark.mask == 0xffffffff ? fmt::format("--mark {:#x} ", mark.value)
                                 : fmt::format("--mark {:#x}/{:#x} ", mark.value, mark.mask);
}

// Whether nft has a table `filter` of that family, which is where iptables over nft keeps its own.
bool has_nft_table(std::uint8_t family) {
  const auto socket = netlink::open(NETLINK_NETFILTER);
  if (!socket) {
    return true;  // then the program says
  }
  nfgenmsg header{};
  header.nfgen_family = family;
  header.version = NFNETLINK_V0;
  netlink::Request request((NFNL_SUBSYS_NFTABLES << 8U) | NFT_MSG_GETTABLE, header);
  request.add(NFTA_TABLE_NAME, std::array{'f', 'i', 'l', 't', 'e', 'r', '\0'});
  return netlink::exchange(socket.value(), request).error != ENOENT;
}

// The old iptables names its tables there, once its module is loaded.
bool has_legacy_table(const char* names) {
  std::ifstream in(names);
  for (std::string name; std::getline(in, name);) {
    if (name == "filter") {
      return true;
    }
  }
  return false;
}

// Those that keep rules of the filter here, without starting them: most machines have none.
std::vector<std::string> programs_with_filter() {
  struct Kind {
    const char* plain;
    std::uint8_t family;
    const char* names;
  };
  std::vector<std::string> programs;
  for (const Kind& kind : {Kind{"iptables", AF_INET, "/proc/net/ip_tables_names"},
                           Kind{"ip6tables", AF_INET6, "/proc/net/ip6_tables_names"}}) {
    const std::string plain = kind.plain;
    const auto add = [&](const std::string& variant) {
      const std::string& program = is_installed(variant + "-save") ? variant : plain;
      if (is_installed(program + "-save") &&
          std::find(programs.begin(), programs.end(), program) == programs.end()) {
        programs.push_back(program);
      }
    };
    if (has_nft_table(kind.family)) {
      add(plain + "-nft");
    }
    if (has_legacy_table(kind.names)) {
      add(plain + "-legacy");
    }
  }
  return programs;
}

}  // namespace

std::string input_rule(const Ruleset& ruleset) {
  return ruleset.has(Verdict::intercept)
             ? fmt::format("-m mark {}-m socket --transparent --nowildcard -j ACCEPT",
                           mark_match(ruleset.mark))
             : "";
}

InputState input_state_in(const std::string& saved, Mark mark) {
  InputState state;
  std::string table;
  std::istringstream lines(saved);
  const std::string jump = fmt::format("-A INPUT -j {}", input_chain);
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with('*')) {
      table = line;
    } else if (table != "*filter") {
      continue;
    } else if (line.starts_with(":INPUT ")) {
      state.others = state.others || !line.starts_with(":INPUT ACCEPT ");
    } else if (line == jump) {
      state.jump = true;
    } else if (line.starts_with("-A INPUT ")) {
      state.others = state.others || line != "-A INPUT -j WEIR";
    } else if (line.starts_with(fmt::format(":{} ", input_chain))) {
      state.chain = true;
    } else if (line.starts_with(fmt::format("-A {} ", input_chain))) {
      state.for_mark = state.for_mark || line.find(mark_match(mark)) != std::string::npos;
    }
  }
  return state;
}

bool is_shut(const InputState& state) { return state.others && !(state.jump && state.for_mark); }

std::vector<std::string> stale_inputs(const Ruleset& ruleset) {
  std::vector<std::string> unsettled;
  for (const std::string& program : programs_with_filter()) {
    const auto ended = run_program({program + "-save"}, "");
    if (!ended || ended.value().status != 0) {
      continue;  // of no such family
    }
    const InputState state = input_state_in(ended.value().output, ruleset.mark);
    if (input_rule(ruleset).empty() ? state.chain : is_shut(state)) {
      unsettled.push_back(program);
    }
  }
  return unsettled;
}

}  // namespace weir::firewall
