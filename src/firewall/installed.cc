#include "firewall/installed.h"

#include <charconv>
#include <sstream>
#include <utility>

#include "firewall/ipset.h"
#include "firewall/labels.h"
#include "firewall/nft.h"
#include "firewall/nft_listing.h"
#include "firewall/program.h"
#include "firewall/set_loader.h"

namespace weir::firewall {

namespace {

// How much is in each set that rules name, where the kernel says so.
std::string with_counts(const std::string& table) {
  constexpr std::string_view begin = "\tset ";
  constexpr std::string_view end = " {";
  std::string out;
  std::istringstream lines(table);
  for (std::string line; std::getline(lines, line);) {
    out += line + "\n";
    if (line.starts_with(begin) && line.ends_with(end)) {
      const std::string name = line.substr(begin.size(), line.size() - begin.size() - end.size());
      const auto count = name.starts_with(set_names_begin) ? count_in_kernel(name) : std::nullopt;
      out += count ? elements_line(*count) : "";
    }
  }
  return out;
}

// Not `list table`: nft reads all elements of its sets for that, whatever it prints, and the kernel
// takes seconds to list 100,000.
Result<std::string> nft_text() {
  const Result<Ended> ended = run_nft("list ruleset inet\n", NftWith::no_values);
  if (!ended) {
    return ended.error();
  }
  if (ended.value().status == 0) {
    return in_order(with_counts(table_in(ended.value().output, "table inet weir {")));
  }
  // nft says so in two lines; whatever else it says is trouble.
  if (ended.value().errors.find("No such file or directory") != std::string::npos) {
    return std::string();
  }
  return Error("cannot read the firewall's rules: " + first_line(ended.value().errors));
}

// How much is in each set: what another process took out or put in shows in that.
std::string sets_text() {
  const Result<Ended> ended = run_program({"ipset", "list", "-t"}, "");
  if (!ended) {
    return "";
  }
  std::string text;
  std::istringstream lines(ended.value().output);
  bool own = false;
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("Name: ")) {
      own = line.substr(6).starts_with(set_names_begin);
    }
    if (own && (line.starts_with("Name: ") || line.starts_with("Number of entries: "))) {
      text += line + "\n";
    }
  }
  return text;
}

Result<Installed> iptables_text() {
  Installed installed;
  for (const char* program : {"iptables-save", "ip6tables-save"}) {
    const Result<Ended> ended = run_program({program}, "");
    if (!ended) {
      return ended.error();
    }
    if (ended.value().status != 0) {
      return Error("cannot read the firewall's rules: " + first_line(ended.value().errors));
    }
    const std::string own = own_lines(ended.value().output);
    installed.own += own.empty() ? "" : std::string(program) + "\n" + own;
    installed.nat += nat_lines(ended.value().output);
  }
  if (installed.own.find("--match-set ") != std::string::npos) {
    installed.own += sets_text();
  }
  return installed;
}

// "-A PREROUTING -j WEIR" → "PREROUTING"; empty: no rule.
std::string chain_of_rule(const std::string& line) {
  if (!line.starts_with("-A ")) {
    return "";
  }
  return line.substr(3, line.find(' ', 3) - 3);
}

}  // namespace

std::string own_lines(const std::string& saved) {
  std::string own;
  std::string table;
  std::string chain;  // of the last rule
  std::istringstream lines(saved);
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with('*')) {
      table = line;
      chain.clear();
      continue;
    }
    const std::string before = std::exchange(chain, chain_of_rule(line));
    const bool jump = line.ends_with("-j WEIR") || line.ends_with("-j WEIR-LOCAL");
    const bool input = line.starts_with(":WEIR-INPUT ") || line.starts_with("-A WEIR-INPUT ");
    if (input) {
      continue;  // see input_opening.h
    }
    if (line.starts_with(":WEIR") || line.starts_with("-A WEIR") || jump) {
      own.append(table).append(" ").append(line);
      // There weir has to be the first (see lower.cc).
      own.append(jump && table == "*mangle" && before == chain ? " after others\n" : "\n");
    }
  }
  return own;
}

std::size_t count_rules(const std::string& text) {
  std::size_t count = 0;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    const auto rule = line.starts_with('*') ? line.find(' ') + 1 : 0;
    const std::string chain = chain_of_rule(line.substr(rule));
    const bool copy =
        chain == "WEIR-NAT-PREROUTING" || chain == "WEIR-NAT-OUTPUT" ||
        (chain.starts_with("WEIR-NAT-") && chain.back() >= '0' && chain.back() <= '9');
    const bool optional =
        line.find(" --label " + std::to_string(label::opened) + " ") != std::string::npos;
    if (chain.starts_with("WEIR") && !copy && !optional) {
      ++count;
    }
  }
  return count;
}

std::string nat_lines(const std::string& saved) {
  std::string nat;
  std::string table;
  std::istringstream lines(saved);
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with('*')) {
      table = line;
    } else if (table == "*nat" && !line.starts_with("-A POSTROUTING ") && line.starts_with("-A ")) {
      nat.append(line).append("\n");
    }
  }
  return nat;
}

std::optional<Port> port_in(std::string_view installed) {
  for (const std::string_view before : {"tproxy to :", "--on-port "}) {
    const auto found = installed.find(before);
    Port port = 0;
    if (found != std::string_view::npos) {
      const std::string_view rest = installed.substr(found + before.size());
      std::from_chars(rest.data(), rest.data() + rest.size(), port);
    }
    if (port != 0) {
      return port;
    }
  }
  return std::nullopt;
}

Result<Installed> read_installed(Backend backend) {
  if (backend == Backend::iptables) {
    return iptables_text();
  }
  auto own = nft_text();
  if (!own) {
    return own.error();
  }
  return Installed{.own = std::move(own).value(), .nat = ""};
}

Result<std::string> installed_text(Backend backend) {
  auto installed = read_installed(backend);
  if (!installed) {
    return installed.error();
  }
  return std::move(installed).value().own;
}

}  // namespace weir::firewall
