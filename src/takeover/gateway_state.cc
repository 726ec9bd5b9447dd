#include "takeover/gateway_state.h"

#include "takeover/fields.h"

namespace weir::takeover {

template <typename Archive, Of<Mark> Message>
void fields(Archive& archive, Message& mark) {
  archive(mark.value, mark.mask);
}

template <typename Archive, Of<GatewayState::OwnRules> Message>
void fields(Archive& archive, Message& rules) {
  archive(rules.backend, rules.script, rules.text, rules.outside, rules.has_cleanup_process);
}

template <typename Archive, Of<GatewayState::Notify> Message>
void fields(Archive& archive, Message& notify) {
  archive(notify.address, notify.watchdog_ms);
}

template <typename Archive, Of<Server::Identity> Message>
void fields(Archive& archive, Message& server) {
  archive(server.upstream, server.name, server.host, server.port);
}

template <typename Archive, Of<ServerHealth::Saved> Message>
void fields(Archive& archive, Message& health) {
  archive.enumerator(health.admin_state, ServerHealth::AdminState::drain);
  archive.enumerator(health.checked, ServerHealth::Checked::down);
  archive(health.failures, health.ejected_until, health.up_since);
}

template <typename Archive, Of<Server::Status> Message>
void fields(Archive& archive, Message& status) {
  archive(status.why, status.check, status.since);
  archive.enumerator(status.state, ServerHealth::State::ejected);
  archive(status.check_us);
}

template <typename Archive, Of<GatewayState::KnownServer> Message>
void fields(Archive& archive, Message& server) {
  archive(server.identity, server.health, server.weight, server.status);
}

template <typename Archive, Of<Service::Target> Message>
void fields(Archive& archive, Message& target) {
  archive(target.host, target.port, target.priority, target.weight);
}

template <typename Archive, Of<GatewayState::KnownService> Message>
void fields(Archive& archive, Message& service) {
  archive(service.name, service.targets, service.resolved);
}

template <typename Archive, Of<KnownName> Message>
void fields(Archive& archive, Message& name) {
  archive(name.name, name.four, name.six, name.due, name.refreshed);
}

template <typename Archive, Of<Resolver::Known> Message>
void fields(Archive& archive, Message& known) {
  archive(known.names, known.services);
}

template <typename Archive, Of<GatewayState::KnownSet::Item> Message>
void fields(Archive& archive, Message& item) {
  archive(item.text, item.is_removed, item.uid, item.until);
}

template <typename Archive, Of<GatewayState::KnownSet> Message>
void fields(Archive& archive, Message& set) {
  archive(set.key, set.items);
}

template <typename Archive, Of<GatewayState::LookedUp> Message>
void fields(Archive& archive, Message& name) {
  archive(name.client, name.address, name.name, name.learnt, name.until);
}

template <typename Archive, Of<GatewayState> Message>
void fields(Archive& archive, Message& state) {
  archive(state.pid, state.port, state.bypass_mark, state.process, state.flows_as_of,
          state.firewall, state.notify, state.servers, state.services, state.known, state.sets,
          state.looked_up);
}

std::string encode(const GatewayState& state) { return encoded(state); }
std::string encode(std::span<const GatewayState::LookedUp> names) { return encoded(names); }
Result<GatewayState> decode_gateway_state(std::string_view body) {
  return decoded<GatewayState>(body);
}
Result<std::vector<GatewayState::LookedUp>> decode_looked_up(std::string_view body) {
  return decoded<std::vector<GatewayState::LookedUp>>(body);
}

}  // namespace weir::takeover
