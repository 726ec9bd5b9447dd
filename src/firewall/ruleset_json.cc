#include "firewall/ruleset_json.h"

#include <utility>

#include "base/json.h"
#include "weir/endpoint.h"

namespace weir::firewall {
namespace {

Json json_of(const Ports& ports) {
  Json out(Json::Kind::array);
  for (const auto& [first, last] : ports.ranges) {
    out.push(first == last ? std::to_string(first)
                           : std::to_string(first) + "-" + std::to_string(last));
  }
  return out;
}

void add(Json& list, const std::vector<Prefix>& prefixes) {
  for (const Prefix& prefix : prefixes) {
    list.push(prefix.text());
  }
}

// Null where nothing of the family can match, an empty object where everything does.
Json json_of(const std::optional<Addresses>& addresses) {
  if (!addresses) {
    return {};
  }
  Json out(Json::Kind::object);
  for (const auto& [key, prefixes] :
       {std::pair("client", &addresses->client), std::pair("not_client", &addresses->not_client),
        std::pair("destination", &addresses->destination),
        std::pair("not_destination", &addresses->not_destination)}) {
    if (!prefixes->empty()) {
      Json list;
      add(list, *prefixes);
      out.set(key, std::move(list));
    }
  }
  return out;
}

// What else is asked, in nft's words.
Json json_of(const std::vector<Condition>& also) {
  Json out(Json::Kind::array);
  for (const Condition& condition : also) {
    if (const auto* words = std::get_if<match::InWords>(&condition); words != nullptr) {
      out.push(words->nft);
      for (const match::InWords& other : words->or_else) {
        out.push("or " + other.nft);
      }
    }
  }
  return out;
}

Json json_of(const Decision& decision) {
  Json out{{"rule", decision.name},
           {"verdict", name_of(decision.verdict)},
           {"counter", counter_name(decision)},
           {"tcp", json_of(decision.tcp)},
           {"udp", json_of(decision.udp)},
           {"interfaces", decision.interfaces},
           {"ipv4", json_of(decision.v4)},
           {"ipv6", json_of(decision.v6)}};
  if (!decision.looked_up.empty()) {
    out.set("looked_up", decision.looked_up);
  }
  if (!decision.also.empty()) {
    out.set("also", json_of(decision.also));
  }
  return out;
}

Json json_of(const Mark& mark) { return {{"value", mark.value}, {"mask", mark.mask}}; }

}  // namespace

std::string ruleset_json(const Ruleset& ruleset) {
  Json exclude(Json::Kind::array);
  add(exclude, ruleset.exclude_v4);
  add(exclude, ruleset.exclude_v6);
  Json decisions(Json::Kind::array);
  for (const Decision& decision : ruleset.decisions) {
    decisions.push(json_of(decision));
  }
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
           {"exclude", std::move(exclude)},
           {"local", ruleset.local},
           {"local_services", ruleset.local_services},
           {"on_failure", ruleset.on_failure == OnFailure::open ? "open" : "closed"},
           {"tcp", json_of(ruleset.tcp)},
           {"udp", json_of(ruleset.udp)},
           {"decisions", std::move(decisions)}};
  if (ruleset.closing) {
    out.set("closing_timeouts",
            {{"time_wait", ruleset.closing->time_wait}, {"close", ruleset.closing->close}});
  }
  if (!ruleset.exclude_users.empty()) {
    Json users;
    for (const UserSetting& user : ruleset.exclude_users) {
      users.push(user.id);
    }
    out.set("exclude_users", std::move(users));
  }
  if (!ruleset.exclude_cgroups.empty()) {
    Json groups;
    for (const Cgroup& cgroup : ruleset.exclude_cgroups) {
      groups.push(cgroup.path);
    }
    out.set("exclude_cgroups", std::move(groups));
  }
  return json_text(out);
}

}  // namespace weir::firewall
