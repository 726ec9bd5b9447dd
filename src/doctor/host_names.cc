// Rules that ask for hosts know, besides what flows name themselves, what their client has looked
// up: from the DNS answers that weir carries. A question that no rule hands to the gateway, one
// that a resolver on this router answers by itself, or one over TLS is none of these.
#include "doctor/host_names.h"

#include <algorithm>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string>
#include <utility>

#include "doctor/checks.h"
#include "doctor/client_probes.h"
#include "doctor/udp_table.h"
#include "firewall/questions.h"

namespace weir::doctor {

namespace {

constexpr const char* host_names_check = "host-names";
constexpr Port question_port = 53;
constexpr Port tls_port = 853;

bool asks_for_host(const RuleSettings& rule) {
  return std::any_of(rule.conditions.begin(), rule.conditions.end(),
                     [](const RuleCondition& condition) {
                       return condition.type().needs == ConditionType::Needs::host;
                     });
}

const Upstream* upstream_used(const Subject& subject, const std::string& use) {
  const auto found =
      std::find_if(subject.upstreams.begin(), subject.upstreams.end(),
                   [&](const UsedUpstream& used) { return used.upstream->name() == use; });
  return found == subject.upstreams.end() ? nullptr : found->upstream.get();
}

// A rule whose questions weir carries, and where it leads them.
struct QuestionCarrier {
  const RuleSettings* rule = nullptr;  // null: the default
  const Upstream* upstream = nullptr;

  [[nodiscard]] std::string text() const {
    return rule == nullptr ? "[gateway] default" : "[rule " + rule->name + "]";
  }
};

std::vector<QuestionCarrier> carriers_of(const Subject& subject) {
  const Configuration& configuration = subject.configuration;
  std::vector<QuestionCarrier> out;
  for (const RuleSettings& rule : configuration.rules) {
    const Upstream* upstream = upstream_used(subject, rule.use);
    if (upstream != nullptr &&
        firewall::carries_questions(configuration, rule, upstream->handling())) {
      out.push_back({&rule, upstream});
    }
  }
  const Upstream* otherwise = upstream_used(subject, configuration.gateway.default_use);
  if (otherwise != nullptr &&
      firewall::default_carries_questions(configuration, otherwise->handling())) {
    out.push_back({nullptr, otherwise});
  }
  return out;
}

Finding nothing_carried(const Subject& subject) {
  const Configuration& configuration = subject.configuration;
  const auto passes_by = [&](const RuleSettings& rule) {
    const Upstream* upstream = upstream_used(subject, rule.use);
    return firewall::is_for_questions(rule) && upstream != nullptr &&
           upstream->offload() == Upstream::Offload::bypass;
  };
  const auto passing =
      std::find_if(configuration.rules.begin(), configuration.rules.end(), passes_by);
  return {host_names_check, Level::warn,
          "DNS answers do not pass weir: rules with 'host' know no name that a client has looked "
          "up, only what a connection names itself",
          passing == configuration.rules.end()
              ? "add a rule: on = any/53, use = transparent"
              : "write into [rule " + passing->name + "]: use = transparent"};
}

// What has to be written for the answers of a resolver on this router to pass weir; "": they do.
std::string line_for_own_resolver(const Subject& subject, const QuestionCarrier& carrier) {
  const FirewallSettings& firewall = subject.configuration.firewall;
  const UpstreamProfile& profile = carrier.upstream->profile();
  const bool leads_there = carrier.upstream->leads() != Upstream::Leads::elsewhere;
  const bool shows_client =
      profile.source.kind == SourceKind::client || profile.source.kind == SourceKind::client_port;
  const bool is_named = firewall.inbound == Inbound::named ||
                        (carrier.rule != nullptr && !carrier.rule->interfaces().empty());
  std::string out;
  const auto add = [&out](const std::string& line) { out += (out.empty() ? "" : "; ") + line; };
  if (!firewall.local_services) {
    // Else rules that show the client would take the router's other services, and break them.
    add("set in [firewall]: local-services = yes, with [rule router] of docs/guides/names.md "
        "before "
        "other rules");
  }
  if (leads_there && !is_named) {
    add("name the clients' interfaces in [firewall] interfaces");
  }
  if (leads_there && shows_client) {
    add("write into " + carrier.text() + ": " + (carrier.rule == nullptr ? "default" : "use") +
        " = direct");
  }
  return out;
}

void add_own_resolver(const Subject& subject, const std::vector<QuestionCarrier>& carriers,
                      std::span<const InterfaceAddress> answering, Findings& findings) {
  if (answering.empty()) {
    return;
  }
  std::string line;
  for (const QuestionCarrier& carrier : carriers) {
    line = line_for_own_resolver(subject, carrier);
    if (line.empty()) {
      return;
    }
  }
  findings.push_back({host_names_check, Level::warn,
                      "a resolver on this router answers at " + answering.front().address.text() +
                          ", udp/53: its answers to clients do not pass weir, and rules with "
                          "'host' do not know what clients look up there",
                      line});
}

bool names_port_of_tls(const RuleSettings& rule) {
  return std::any_of(rule.on().begin(), rule.on().end(), [](const PortRange& range) {
    return range.protocol == Protocol::tcp && range.first <= tls_port && tls_port <= range.last;
  });
}

// Where a resolver that weir leads questions to is a neighbour of the clients: it answers those
// that ask it by its own address without this router.
std::string past_this_router(const std::vector<QuestionCarrier>& carriers,
                             std::span<const InterfaceAddress> for_clients) {
  for (const QuestionCarrier& carrier : carriers) {
    for (const auto& server : carrier.upstream->servers()) {
      const auto address = Address::parse(server->identity().host);
      const InterfaceAddress* link = address ? on_link(for_clients, address.value()) : nullptr;
      if (link != nullptr && link->address != address.value()) {
        return "; but not to clients that are told to ask " + address.value().text() +
               ", which is in their own subnet: have DHCP tell them an address outside it";
      }
    }
  }
  return "";
}

std::string text_of_table(const char* path) {
  std::ostringstream out;
  out << std::ifstream(path).rdbuf();
  return out.str();
}

}  // namespace

std::vector<InterfaceAddress> answering_addresses(std::span<const InterfaceAddress> for_clients,
                                                  std::span<const Address> hearing) {
  std::vector<InterfaceAddress> out;
  const auto hears_at = [&](const Address& own) {
    return std::any_of(hearing.begin(), hearing.end(), [&](const Address& one) {
      // What is bound to :: mostly hears IPv4, too.
      return one == own || (one.is_unspecified() && (own.is_v4() || !one.is_v4()));
    });
  };
  std::copy_if(for_clients.begin(), for_clients.end(), std::back_inserter(out),
               [&](const InterfaceAddress& own) { return hears_at(own.address); });
  return out;
}

Findings judge_host_names(const Subject& subject, std::span<const InterfaceAddress> for_clients,
                          std::span<const InterfaceAddress> answering) {
  const auto& rules = subject.configuration.rules;
  const auto said_ok = [](const std::string& text) {
    return Finding{host_names_check, Level::ok, text, ""};
  };
  if (std::none_of(rules.begin(), rules.end(), asks_for_host)) {
    return {said_ok("no rule asks for a host name")};
  }
  const std::vector<QuestionCarrier> carriers = carriers_of(subject);
  if (carriers.empty()) {
    return {nothing_carried(subject)};
  }
  Findings findings;
  add_own_resolver(subject, carriers, answering, findings);
  if (std::none_of(rules.begin(), rules.end(), names_port_of_tls)) {
    findings.push_back(
        {host_names_check, Level::warn,
         "DNS over TLS (port 853) passes by: rules with 'host' do not know what "
         "clients look up there",
         "add a rule: on = any/853, use = reject; where it is to pass, use = bypass"});
  }
  if (findings.empty()) {
    findings.push_back(said_ok("DNS answers pass weir, by " + carriers.front().text() +
                               past_this_router(carriers, for_clients)));
  }
  return findings;
}

Findings examine_host_names(const Subject& subject) {
  const auto interfaces = client_interfaces(subject);
  std::vector<InterfaceAddress> for_clients;
  for (InterfaceAddress& one : interface_addresses()) {
    if (std::find(interfaces.begin(), interfaces.end(), one.interface) != interfaces.end()) {
      for_clients.push_back(std::move(one));
    }
  }
  std::vector<Address> hearing;
  for (const char* path : {"/proc/self/net/udp", "/proc/self/net/udp6"}) {
    const auto more = hearing_addresses(text_of_table(path), question_port);
    hearing.insert(hearing.end(), more.begin(), more.end());
  }
  return judge_host_names(subject, for_clients, answering_addresses(for_clients, hearing));
}

}  // namespace weir::doctor
