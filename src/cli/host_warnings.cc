#include "cli/host_warnings.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <span>
#include <string>
#include <vector>

#include "cli/rule_overlap.h"
#include "firewall/questions.h"
#include "rules/conditions/table.h"
#include "rules/host_match.h"

namespace weir {
namespace {

constexpr Port question_port = 53;

// FTP, SSH, telnet, SMTP, DNS, POP3, NNTP, IMAP, submission (two ports), MySQL, ManageSieve, VNC:
// the server speaks first, or what the client says has no place for a host.
constexpr std::array<Port, 14> nameless_tcp{21,  22,  23,   25,   53,   110,  119,
                                            143, 587, 2525, 3306, 4190, 5900, 5901};
// HTTP/3 where it is served, and DNS over QUIC.
constexpr std::array<Port, 6> quic_udp{80, 443, 784, 853, 4433, 8443};
// Usually without TLS, so that nothing hides a name.
constexpr std::array<Port, 2> plain_http{80, 8080};

// Whether all ports of the range are among these, which are few.
bool is_within(const PortRange& range, std::span<const Port> ports) {
  const auto inside = std::count_if(ports.begin(), ports.end(), [&](Port port) {
    return range.first <= port && port <= range.last;
  });
  return inside == range.last - range.first + 1;
}

// Whether flows to these ports, as they usually are, name no host themselves.
bool is_nameless(const PortRange& range) {
  if (range.protocol == Protocol::tcp) {
    return is_within(range, nameless_tcp);
  }
  return std::none_of(quic_udp.begin(), quic_udp.end(),
                      [&](Port port) { return range.first <= port && port <= range.last; });
}

bool may_hide_names(const PortRange& range) {
  return !is_nameless(range) && !(range.protocol == Protocol::tcp && is_within(range, plain_http));
}

std::string nameless_ports(const RuleSettings& rule) {
  std::string out;
  for (const PortRange& range : rule.on()) {
    if (is_nameless(range)) {
      out += (out.empty() ? "" : ", ") + text_of(range);
    }
  }
  return out;
}

// Where the questions of clients are led.
class Questions {
 public:
  Questions(const Configuration& configuration, UpstreamAssembly& assembly) {
    for (const RuleSettings& rule : configuration.rules) {
      const auto upstream = assembly.get(rule.use);
      if (!upstream || !firewall::is_for_questions(rule)) {
        continue;
      }
      const auto handling = upstream.value()->handling();
      if (firewall::carries_questions(configuration, rule, handling)) {
        carried_.push_back(&rule);
      } else if (handling.offload == Upstream::Offload::bypass) {
        passing_.push_back(&rule);
      }
    }
    const auto otherwise = assembly.get(configuration.gateway.default_use);
    all_ = otherwise &&
           firewall::default_carries_questions(configuration, otherwise.value()->handling());
  }

  // Whether weir carries those of some clients of the rule's.
  [[nodiscard]] bool are_carried_for(const RuleSettings& rule) const {
    return all_ || std::any_of(carried_.begin(), carried_.end(), [&](const RuleSettings* one) {
             return !have_other_clients(*one, rule);
           });
  }
  // What to write so that it does.
  [[nodiscard]] std::string line_for(const RuleSettings& rule) const {
    const auto passing =
        std::find_if(passing_.begin(), passing_.end(),
                     [&](const RuleSettings* one) { return !have_other_clients(*one, rule); });
    return passing == passing_.end()
               ? "add a rule for these clients: on = any/53, use = transparent"
               : "write into [rule " + (*passing)->name + "]: use = transparent";
  }

 private:
  std::vector<const RuleSettings*> carried_;
  std::vector<const RuleSettings*> passing_;
  bool all_ = false;
};

// Of the ports where a rule's flows name nothing themselves.
std::string said_of_ports(const RuleSettings& rule, const HostCondition& host,
                          const std::string& ports, const Questions& questions) {
  std::string out;
  if (questions.are_carried_for(rule)) {
    out = fmt::format(
        "[rule {}] knows hosts on {} only by what its clients have looked up through weir: a flow "
        "there usually names none itself. Where that is not enough, ask for the 'destination'",
        rule.name, ports);
  } else {
    out = fmt::format(
        "[rule {}] knows no host on {}{}: a flow there usually names none itself, and DNS "
        "questions "
        "of its clients do not pass weir; {}",
        rule.name, ports, host.wants_none ? "" : ", and hardly ever matches there",
        questions.line_for(rule));
  }
  if (names_port(rule, Protocol::udp, question_port) ||
      names_port(rule, Protocol::tcp, question_port)) {
    out += ". On port 53 'host' is the DNS server, not the name that it is asked for";
  }
  return out;
}

}  // namespace

std::vector<Diagnostic> host_warnings(const Configuration& configuration,
                                      UpstreamAssembly& assembly) {
  std::vector<Diagnostic> out;
  const Questions questions(configuration, assembly);
  bool is_said = false;  // of names that clients hide: once is enough
  for (const RuleSettings& rule : configuration.rules) {
    const RuleCondition* asks = rule.find(host_condition);
    if (asks == nullptr) {
      continue;
    }
    const HostCondition& host = asks->as<HostMatch>().condition();
    if (!host.wants_names()) {
      continue;
    }
    const auto warn = [&](std::string text) {
      out.push_back({Diagnostic::Severity::warning, rule.location, std::move(text)});
    };
    if (const std::string ports = nameless_ports(rule); !ports.empty()) {
      warn(said_of_ports(rule, host, ports, questions));
    }
    if (!is_said && !questions.are_carried_for(rule) &&
        std::any_of(rule.on().begin(), rule.on().end(), may_hide_names)) {
      is_said = true;
      warn("DNS questions of clients of [rule " + rule.name +
           "] do not pass weir: where one hides the host's name (Encrypted Client Hello), the rule "
           "goes by "
           "the outer name; " +
           questions.line_for(rule));
    }
  }
  return out;
}

}  // namespace weir
