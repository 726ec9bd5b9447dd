#include "firewall/installed.h"

#include <charconv>
#include <sstream>

#include "firewall/program.h"

namespace weir::firewall {

namespace {

Result<std::string> nft_text() {
  const Result<Ended> ended = run_program({"nft", "-s", "list", "table", "inet", "weir"}, "");
  if (!ended) {
    return ended.error();
  }
  if (ended.value().status == 0) {
    return ended.value().output;
  }
  // nft says so in two lines; whatever else it says is trouble.
  if (ended.value().errors.find("No such file or directory") != std::string::npos) {
    return std::string();
  }
  return Error("cannot read the firewall's rules: " + first_line(ended.value().errors));
}

Result<std::string> iptables_text() {
  std::string text;
  for (const char* program : {"iptables-save", "ip6tables-save"}) {
    const Result<Ended> ended = run_program({program}, "");
    if (!ended) {
      return ended.error();
    }
    if (ended.value().status != 0) {
      return Error("cannot read the firewall's rules: " + first_line(ended.value().errors));
    }
    const std::string own = own_lines(ended.value().output);
    text += own.empty() ? "" : std::string(program) + "\n" + own;
  }
  return text;
}

}  // namespace

std::string own_lines(const std::string& saved) {
  std::string own;
  std::string table;
  std::istringstream lines(saved);
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with('*')) {
      table = line;
    } else if (line.starts_with(":WEIR") || line.starts_with("-A WEIR") ||
               line.ends_with("-j WEIR") || line.ends_with("-j WEIR-LOCAL")) {
      own.append(table).append(" ").append(line).append("\n");
    }
  }
  return own;
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

Result<std::string> installed_text(Backend backend) {
  return backend == Backend::nft ? nft_text() : iptables_text();
}

}  // namespace weir::firewall
