#include "cli/explanation_text.h"

#include <utility>

#include "base/json.h"
#include "rules/conditions/glance.h"

namespace weir {
namespace {

Json json_of(const Explanation::Path& path) {
  Json out(Json::Kind::object);
  if (!path.servers.empty()) {
    out.set("servers", path.servers);
  }
  if (!path.goes_to.empty()) {
    out.set("goes_to", path.goes_to);
  }
  Json via;
  for (const Explanation::Hop& hop : path.via) {
    Json json{{"upstream", hop.upstream}, {"type", hop.type}};
    if (!hop.servers.empty()) {
      json.set("servers", hop.servers);
    }
    via.push(std::move(json));
  }
  if (!path.via.empty()) {
    out.set("via", std::move(via));
  }
  if (!path.told_host.empty()) {
    out.set("told_host", path.told_host);
  }
  for (const auto& [key, text] : {std::pair("source", &path.source), std::pair("mark", &path.mark),
                                  std::pair("interface", &path.interface)}) {
    if (!text->empty()) {
      out.set(key, *text);
    }
  }
  if (path.dscp) {
    out.set("dscp", *path.dscp);
  }
  return out;
}

}  // namespace

std::vector<std::string> lines_of(const Explanation& explanation) {
  std::vector<std::string> out;
  out.push_back("flow " + explanation.protocol + " " + explanation.client + " -> " +
                explanation.destination);
  if (!explanation.host.empty()) {
    out.push_back("host " + explanation.host);
  }
  if (!explanation.device.empty()) {
    out.push_back("device " + explanation.device);
  }
  for (const auto& passed : explanation.passed) {
    out.push_back("not rule " + passed.rule + " (" + text_of(passed.location) + "): " + passed.why);
  }
  if (!explanation.could_match.empty()) {
    out.push_back(some_of(explanation.could_match,
                          [](const std::string& rule) { return "[rule " + rule + "]"; }) +
                  " could match if the client names a host " +
                  (explanation.could_match.size() == 1 ? "it wants" : "they want") +
                  ": try --host");
  }
  if (!explanation.not_intercepted.empty()) {
    out.push_back("not intercepted: " + explanation.not_intercepted);
    return out;
  }
  out.push_back("rule " + explanation.rule +
                (explanation.location ? " (" + text_of(*explanation.location) + ")"
                                      : ": no rule matches, [gateway] default decides"));
  for (const std::string& because : explanation.because) {
    out.push_back("because " + because);
  }
  if (!explanation.problem.empty()) {
    out.push_back("upstream " + explanation.upstream + " cannot be made: " + explanation.problem);
    return out;
  }
  if (!explanation.passes_by.empty()) {
    out.push_back("passes by: " + explanation.passes_by);
  }
  out.push_back("upstream " + explanation.upstream +
                (explanation.type == explanation.upstream ? "" : ": type " + explanation.type));
  const Explanation::Path& path = explanation.path;
  for (const std::string& server : path.servers) {
    out.push_back("server " + server);
  }
  for (const std::string& target : path.goes_to) {
    out.push_back("goes to " + target);
  }
  for (const Explanation::Hop& hop : path.via) {
    const std::string via = "via " + hop.upstream + ": ";
    out.push_back(via + "type " + hop.type);
    const std::string server_begins = via + (hop.type == "group" ? "" : "server ");
    for (const std::string& server : hop.servers) {
      out.push_back(server_begins + server);
    }
  }
  for (const std::string& upstream : path.told_host) {
    out.push_back(upstream + ": the proxy is told the host's name" +
                  (explanation.host.empty() ? ", where it is known" : ": " + explanation.host));
  }
  for (const auto& [word, text] :
       {std::pair("source ", &path.source), std::pair("mark ", &path.mark),
        std::pair("interface ", &path.interface)}) {
    if (!text->empty()) {
      out.push_back(word + *text);
    }
  }
  if (path.dscp) {
    out.push_back("dscp " + std::to_string(*path.dscp));
  }
  if (!explanation.firewall.empty()) {
    out.push_back("firewall: " + explanation.firewall);
  }
  if (!explanation.left_to_gateway.empty()) {
    out.push_back("firewall: " + explanation.left_to_gateway);
  }
  return out;
}

std::string json_of(const Explanation& explanation) {
  Json out{{"protocol", explanation.protocol},
           {"client", explanation.client},
           {"destination", explanation.destination},
           {"intercepted", explanation.not_intercepted.empty()}};
  if (!explanation.host.empty()) {
    out.set("host", explanation.host);
  }
  if (!explanation.device.empty()) {
    out.set("device", explanation.device);
  }
  if (!explanation.not_intercepted.empty()) {
    out.set("why_not", explanation.not_intercepted);
  } else {
    Json not_rules(Json::Kind::array);
    for (const auto& passed : explanation.passed) {
      not_rules.push({{"rule", passed.rule},
                      {"file", passed.location.file},
                      {"line", passed.location.line},
                      {"why", passed.why}});
    }
    out.set("not_rules", std::move(not_rules));
    if (!explanation.could_match.empty()) {
      out.set("could_match", explanation.could_match);
    }
    out.set("rule", explanation.rule);
    if (explanation.location) {
      out.set("file", explanation.location->file);
      out.set("line", explanation.location->line);
    }
    if (!explanation.because.empty()) {
      out.set("because", explanation.because);
    }
    out.set("upstream", explanation.upstream);
    if (explanation.problem.empty()) {
      out.set("type", explanation.type);
      if (!explanation.passes_by.empty()) {
        out.set("passes_by", explanation.passes_by);
      }
      out.merge(json_of(explanation.path));
      out.set("firewall", explanation.firewall.empty() ? "hands it to weir" : explanation.firewall);
      if (!explanation.left_to_gateway.empty()) {
        out.set("left_to_gateway", explanation.left_to_gateway);
      }
    } else {
      out.set("error", explanation.problem);
    }
  }
  return json_text(out);
}

}  // namespace weir
