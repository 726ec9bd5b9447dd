#include "gateway/offer.h"

#include <exception>
#include <utility>

#include <nlohmann/json.hpp>

namespace weir {
namespace {

using Json = nlohmann::json;

std::int64_t number(Instant instant) { return instant.time_since_epoch().count(); }
Instant instant(const Json& json) { return Instant(Instant::duration(json.get<std::int64_t>())); }

Json texts(const std::vector<Address>& addresses) {
  Json out = Json::array();
  for (const Address& address : addresses) {
    out.push_back(address.text());
  }
  return out;
}

std::vector<Address> addresses(const Json& json) {
  std::vector<Address> out;
  for (const auto& text : json) {
    if (auto address = Address::parse(text.get<std::string>())) {
      out.push_back(address.value());
    }
  }
  return out;
}

Json json_of(const Offer::KnownServer& server) {
  const auto& [identity, health, weight, told] = server;
  return {{"upstream", identity.upstream},
          {"name", identity.name},
          {"host", identity.host},
          {"port", identity.port},
          {"wish", static_cast<int>(health.wish)},
          {"checked", static_cast<int>(health.checked)},
          {"failures", health.failures},
          {"ejected_until", health.ejected_until},
          {"up_since", health.up_since},
          {"weight", weight},
          {"why", told.why},
          {"check", told.check},
          {"since", number(told.since)},
          {"state", static_cast<int>(told.state)},
          {"check_us", told.check_us}};
}

// Of an enumeration whose last value is `last`; the first one for anything else.
template <typename E>
E enumerator(const Json& json, E last) {
  const auto value = json.get<int>();
  return value < 0 || value > static_cast<int>(last) ? E{} : static_cast<E>(value);
}

Offer::KnownServer server_of(const Json& json) {
  Offer::KnownServer out;
  out.identity = {.upstream = json.at("upstream"),
                  .name = json.at("name"),
                  .host = json.at("host"),
                  .port = json.at("port")};
  out.health = {.wish = enumerator(json.at("wish"), ServerHealth::Wish::drain),
                .checked = enumerator(json.at("checked"), ServerHealth::Checked::down),
                .failures = json.at("failures"),
                .ejected_until = json.at("ejected_until"),
                .up_since = json.at("up_since")};
  out.weight = json.at("weight");
  out.told.why = json.at("why");
  out.told.check = json.at("check");
  out.told.since = instant(json.at("since"));
  out.told.state = enumerator(json.at("state"), ServerHealth::State::ejected);
  out.told.check_us = json.at("check_us");
  return out;
}

Json json_of(const Offer::KnownService& service) {
  Json targets = Json::array();
  for (const auto& target : service.targets) {
    targets.push_back({target.host, target.port, target.priority, target.weight});
  }
  return {{"name", service.name}, {"targets", targets}, {"resolved", number(service.resolved)}};
}

Offer::KnownService service_of(const Json& json) {
  Offer::KnownService out;
  out.name = json.at("name");
  out.resolved = instant(json.at("resolved"));
  for (const auto& target : json.at("targets")) {
    out.targets.push_back({.host = target.at(0),
                           .port = target.at(1),
                           .priority = target.at(2),
                           .weight = target.at(3)});
  }
  return out;
}

Json json_of(const KnownName& name) {
  return {{"name", name.name},
          {"four", texts(name.four)},
          {"six", texts(name.six)},
          {"due", number(name.due)},
          {"refreshed", number(name.refreshed)}};
}

KnownName name_of(const Json& json) {
  return {.name = json.at("name"),
          .four = addresses(json.at("four")),
          .six = addresses(json.at("six")),
          .due = instant(json.at("due")),
          .refreshed = instant(json.at("refreshed"))};
}

template <typename List, typename Make>
Json list_of(const List& list, Make make) {
  Json out = Json::array();
  for (const auto& one : list) {
    out.push_back(make(one));
  }
  return out;
}

Offer parsed(const Json& json) {
  Offer out;
  out.pid = json.at("pid");
  out.port = json.at("port");
  out.bypass_mark = {.value = json.at("bypass_mark").at(0), .mask = json.at("bypass_mark").at(1)};
  out.process = json.at("process");
  const Json& firewall = json.at("firewall");
  out.firewall = {.backend = firewall.at("backend"),
                  .script = firewall.at("script"),
                  .text = firewall.at("text"),
                  .has_guardian = firewall.at("has_guardian")};
  const Json& notify = json.at("notify");
  out.notify = {.address = notify.at("address"), .watchdog_ms = notify.at("watchdog_ms")};
  for (const auto& server : json.at("servers")) {
    out.servers.push_back(server_of(server));
  }
  for (const auto& service : json.at("services")) {
    out.services.push_back(service_of(service));
  }
  for (const auto& name : json.at("names")) {
    out.known.names.push_back(name_of(name));
  }
  for (const auto& [name, due] : json.at("services_due").items()) {
    out.known.services[name] = instant(due);
  }
  return out;
}

}  // namespace

std::string to_json(const Offer& offer) {
  Json due = Json::object();
  for (const auto& [name, when] : offer.known.services) {
    due[name] = number(when);
  }
  const Json out = {
      {"pid", offer.pid},
      {"port", offer.port},
      {"bypass_mark", {offer.bypass_mark.value, offer.bypass_mark.mask}},
      {"process", offer.process},
      {"firewall",
       {{"backend", offer.firewall.backend},
        {"script", offer.firewall.script},
        {"text", offer.firewall.text},
        {"has_guardian", offer.firewall.has_guardian}}},
      {"notify", {{"address", offer.notify.address}, {"watchdog_ms", offer.notify.watchdog_ms}}},
      {"servers", list_of(offer.servers, [](const auto& one) { return json_of(one); })},
      {"services", list_of(offer.services, [](const auto& one) { return json_of(one); })},
      {"names", list_of(offer.known.names, [](const auto& one) { return json_of(one); })},
      {"services_due", due}};
  return out.dump(-1, ' ', false, Json::error_handler_t::replace);
}

Result<Offer> offer_from_json(std::string_view text) {
  try {
    return parsed(Json::parse(text));
  } catch (const std::exception&) {
    return Error("what the running gateway says of itself makes no sense");
  }
}

void describe_servers(ServerPool& pool, const Resolver::Known& known, Offer& out) {
  pool.each([&](const std::shared_ptr<Server>& server) {
    out.servers.push_back({.identity = server->identity(),
                           .health = server->health.saved(),
                           .weight = server->weight_override.load(std::memory_order_relaxed),
                           .told = server->told});
  });
  for (const auto& [name, due] : known.services) {
    const auto service = pool.service(name);
    out.services.push_back(
        {.name = name, .targets = service->targets(), .resolved = service->resolved});
  }
  out.known = known;
}

RestoredServers restore_servers(const Offer& from, ServerPool& pool) {
  RestoredServers out;
  for (const auto& known : from.servers) {
    auto server = pool.get(known.identity);
    server->health.restore(known.health);
    server->weight_override.store(known.weight, std::memory_order_relaxed);
    server->told = known.told;
    out.servers.push_back(std::move(server));
  }
  for (const auto& known : from.services) {
    auto service = pool.service(known.name);
    service->publish(known.targets);
    service->resolved = known.resolved;
    out.services.push_back(std::move(service));
  }
  return out;
}

}  // namespace weir
