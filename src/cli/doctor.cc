#include "cli/doctor.h"

#include <algorithm>
#include <cstdio>
#include <optional>

#include "base/escape.h"
#include "base/json.h"
#include "cli/control_client.h"
#include "cli/exit_status.h"
#include "cli/implied_rules.h"
#include "cli/load.h"
#include "doctor/checks.h"
#include "firewall/install.h"
#include "firewall/normal_form.h"
#include "firewall/surroundings.h"
#include "gateway/known_devices.h"

namespace weir {
namespace {

using doctor::Finding;
using doctor::Level;

std::uint64_t natural(const Json& object, std::string_view name) {
  const Json* found = object.find(name);
  return found == nullptr ? 0 : found->natural().value_or(0);
}

// What of it a gateway of another version says differently counts as not said.
std::optional<doctor::Running> running_gateway(const std::string& socket) {
  const auto answer = ask_gateway(socket, "GET", "/v1/status");
  if (!answer || answer.value().status != 200) {
    return std::nullopt;
  }
  const Json status = json_or_null(answer.value().body);
  if (status.kind() != Json::Kind::object) {
    return std::nullopt;
  }
  std::vector<std::string> outside;
  const Json* firewall = status.find("firewall");
  if (const Json* list = firewall != nullptr ? firewall->find("outside") : nullptr) {
    for (const Json& name : list->items()) {
      if (const auto text = name.text()) {
        outside.emplace_back(*text);
      }
    }
  }
  const Json* draining = status.find("draining");
  return doctor::Running{.pid = static_cast<std::int64_t>(natural(status, "pid")),
                         .port = static_cast<Port>(natural(status, "port")),
                         .flows = natural(status, "flows_total") + natural(status, "tcp_flows") +
                                  natural(status, "udp_flows"),
                         .draining = draining != nullptr && draining->boolean().value_or(false),
                         .outside = std::move(outside)};
}

// The backend whose rules are there; else the one that would be used.
firewall::Backend examined_backend() {
  for (const auto backend : {firewall::Backend::nft, firewall::Backend::iptables}) {
    const auto there = firewall::applied(backend);
    if (there && there.value()) {
      return backend;
    }
  }
  return firewall::standard_backend();
}

// Whether a flow can be left to the default: not when every port that is named has a rule without
// conditions.
bool default_is_reached(const Configuration& configuration, const firewall::Ruleset& ruleset) {
  std::vector<firewall::Ports::Range> tcp;
  std::vector<firewall::Ports::Range> udp;
  for (const RuleSettings& rule : configuration.rules) {
    if (!rule.takes_all()) {
      continue;
    }
    for (const PortRange& range : rule.on()) {
      (range.protocol == Protocol::tcp ? tcp : udp).push_back({range.first, range.last});
    }
  }
  return firewall::joined(std::move(tcp)) != ruleset.tcp ||
         firewall::joined(std::move(udp)) != ruleset.udp;
}

// The upstreams that others go through: members of groups, the proxies of `via`.
void add_what_is_behind(std::vector<doctor::UsedUpstream>& used) {
  for (std::size_t i = 0; i < used.size(); ++i) {
    const std::vector<std::shared_ptr<Upstream>> behind(used[i].upstream->dependencies().begin(),
                                                        used[i].upstream->dependencies().end());
    for (const auto& upstream : behind) {
      auto found = std::find_if(used.begin(), used.end(), [&](const doctor::UsedUpstream& one) {
        return one.upstream->name() == upstream->name();
      });
      if (found == used.end()) {
        used.push_back({upstream, {}});
        found = std::prev(used.end());
      }
      for (const RuleSettings* rule : used[i].rules) {
        if (std::find(found->rules.begin(), found->rules.end(), rule) == found->rules.end()) {
          found->rules.push_back(rule);
        }
      }
    }
  }
}

// The upstreams that flows go to, each with the rules that lead there.
Result<std::vector<doctor::UsedUpstream>> used_upstreams(const Configuration& configuration,
                                                         const firewall::Ruleset& ruleset,
                                                         ServerPool& pool) {
  std::vector<doctor::UsedUpstream> used;
  const auto use = [&](const std::string& name, const RuleSettings* rule) -> Result<> {
    auto found = std::find_if(used.begin(), used.end(), [&](const doctor::UsedUpstream& one) {
      return one.upstream->name() == name;
    });
    if (found == used.end()) {
      auto made = upstream_named(name, configuration, pool);
      if (!made) {
        return made.error();
      }
      found = used.insert(used.end(), {std::move(made).value(), {}});
    }
    if (rule != nullptr) {
      found->rules.push_back(rule);
    }
    return Ok{};
  };
  for (const RuleSettings& rule : configuration.rules) {
    if (auto done = use(rule.use, &rule); !done) {
      return done.error();
    }
  }
  if (default_is_reached(configuration, ruleset)) {
    if (auto done = use(configuration.gateway.default_use, nullptr); !done) {
      return done.error();
    }
  }
  add_what_is_behind(used);
  return used;
}

Result<doctor::Subject> subject_of(const Configuration& configuration, ServerPool& pool) {
  auto ruleset = implied_rules(configuration);
  if (!ruleset) {
    return ruleset.error();
  }
  const auto running = running_gateway(configuration.admin.socket);
  const auto backend = examined_backend();
  ruleset = firewall::fitted_to_machine(
      ruleset.value(), backend,
      running ? std::span(running->outside) : std::span<const std::string>());
  if (!ruleset) {
    return ruleset.error();
  }
  auto upstreams = used_upstreams(configuration, ruleset.value(), pool);
  if (!upstreams) {
    return upstreams.error();
  }
  return doctor::Subject{.configuration = configuration,
                         .ruleset = std::move(ruleset).value(),
                         .backend = backend,
                         .upstreams = std::move(upstreams).value(),
                         .running = running,
                         .devices = read_devices(configuration.devices)};
}

// Names that others gave (interfaces, chains) may hold anything.
std::string printable(const std::string& text) {
  std::string out;
  append_printable(out, text);
  return out;
}

// One line: what it is, what it means, and what to type.
void print_line(const Finding& finding) {
  std::printf("%-4s %s: %s%s%s\n", std::string(name_of(finding.level)).c_str(),
              finding.name.c_str(), printable(finding.text).c_str(),
              finding.fix.empty() ? "" : "  ->  ", printable(finding.fix).c_str());
  (void)std::fflush(stdout);  // some checks wait for an answer
}

}  // namespace

int run_doctor(const DoctorArguments& arguments) {
  const auto configuration = load_or_report(arguments.file);
  if (!configuration) {
    return Exit::bad_configuration;
  }
  ServerPool pool;
  const auto subject = subject_of(*configuration, pool);
  if (!subject) {
    (void)std::fprintf(stderr, "weir: %s\n", subject.error().text().c_str());
    return 1;
  }
  bool failed = false;
  Json list(Json::Kind::array);
  for (const doctor::Check& check : doctor::checks()) {
    for (const Finding& finding : check.examine(subject.value())) {
      failed = failed || finding.level == Level::fail;
      if (arguments.json) {
        list.push({{"name", finding.name},
                   {"level", name_of(finding.level)},
                   {"text", finding.text},
                   {"fix", finding.fix}});
      } else {
        print_line(finding);
      }
    }
    if (failed && &check == &doctor::checks().front()) {
      break;  // without the capabilities every other check would complain of that in words of its
              // own
    }
  }
  if (arguments.json) {
    const Json document{{"findings", std::move(list)}};
    std::printf("%s\n", json_text(document, JsonLayout::indented).c_str());
  }
  return failed || std::fflush(stdout) != 0 ? 1 : 0;
}

}  // namespace weir
