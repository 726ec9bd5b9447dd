#include "firewall/ruleset_json.h"

#include <nlohmann/json.hpp>

#include "weir/endpoint.h"

namespace weir::firewall {
namespace {

using Json = nlohmann::ordered_json;

Json json_of(const Ports& ports) {
  Json out = Json::array();
  for (const auto& [first, last] : ports.ranges) {
    out.push_back(first == last ? std::to_string(first)
                                : std::to_string(first) + "-" + std::to_string(last));
  }
  return out;
}

Json json_of(const std::vector<Prefix>& prefixes) {
  Json out = Json::array();
  for (const Prefix& prefix : prefixes) {
    out.push_back(prefix.text());
  }
  return out;
}

// Null where nothing of the family can match, an empty object where everything does.
Json json_of(const std::optional<Addresses>& addresses) {
  if (!addresses) {
    return nullptr;
  }
  Json out = Json::object();
  for (const auto& [key, prefixes] :
       {std::pair("client", &addresses->client), std::pair("not_client", &addresses->not_client),
        std::pair("destination", &addresses->destination),
        std::pair("not_destination", &addresses->not_destination)}) {
    if (!prefixes->empty()) {
      out[key] = json_of(*prefixes);
    }
  }
  return out;
}

Json json_of(const Decision& decision) {
  return {{"rule", decision.name},
          {"verdict", name_of(decision.verdict)},
          {"counter", counter_name(decision)},
          {"tcp", json_of(decision.tcp)},
          {"udp", json_of(decision.udp)},
          {"interfaces", decision.interfaces},
          {"ipv4", json_of(decision.v4)},
          {"ipv6", json_of(decision.v6)}};
}

Json json_of(const Mark& mark) { return {{"value", mark.value}, {"mask", mark.mask}}; }

}  // namespace

std::string ruleset_json(const Ruleset& ruleset) {
  Json out{{"file", ruleset.file},
           {"port", ruleset.port},
           {"mark", json_of(ruleset.mark)},
           {"table", ruleset.table},
           {"bypass_mark", json_of(ruleset.bypass_mark)},
           {"inbound", ruleset.inbound == Inbound::named        ? "named"
                       : ruleset.inbound == Inbound::everywhere ? "all"
                                                                : "auto"},
           {"interfaces", ruleset.interfaces},
           {"outside", ruleset.outside},
           {"towards", ruleset.towards},
           {"exclude", json_of(ruleset.exclude_v4)},
           {"local", ruleset.local},
           {"local_services", ruleset.local_services},
           {"on_failure", ruleset.on_failure == OnFailure::open ? "open" : "closed"},
           {"tcp", json_of(ruleset.tcp)},
           {"udp", json_of(ruleset.udp)},
           {"decisions", Json::array()}};
  if (ruleset.closing) {
    out["closing_timeouts"] = {{"time_wait", ruleset.closing->time_wait},
                               {"close", ruleset.closing->close}};
  }
  for (const UserSetting& user : ruleset.exclude_users) {
    out["exclude_users"].push_back(user.id);
  }
  for (const Cgroup& cgroup : ruleset.exclude_cgroups) {
    out["exclude_cgroups"].push_back(cgroup.path);
  }
  for (Json& prefix : json_of(ruleset.exclude_v6)) {
    out["exclude"].push_back(std::move(prefix));
  }
  for (const Decision& decision : ruleset.decisions) {
    out["decisions"].push_back(json_of(decision));
  }
  return out.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace weir::firewall
