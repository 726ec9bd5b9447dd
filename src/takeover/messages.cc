#include "takeover/messages.h"

#include <utility>

#include "takeover/fields.h"

namespace weir::takeover {

template <typename Archive, Of<Hello> Message>
void fields(Archive& archive, Message& hello) {
  archive(hello.version, hello.program);
}

template <typename Archive, Of<WorkerPart::RuleBinding> Message>
void fields(Archive& archive, Message& binding) {
  archive(binding.rule, binding.upstream, binding.member, binding.per_client);
}

template <typename Archive, Of<WorkerPart::ServerName> Message>
void fields(Archive& archive, Message& server) {
  archive(server.upstream, server.name, server.host, server.port);
}

template <typename Archive, Of<WorkerPart> Message>
void fields(Archive& archive, Message& worker) {
  archive(worker.tcp_listeners, worker.udp_listeners, worker.bindings, worker.servers,
          worker.sockets, worker.flows);
}

template <typename Archive, Of<RelayPart> Message>
void fields(Archive& archive, Message& relay) {
  archive(relay.endpoint, relay.server, relay.local, relay.mtu);
}

template <typename Archive, Of<SocketPart> Message>
void fields(Archive& archive, Message& socket) {
  archive(socket.client, socket.binding, socket.local, socket.generation, socket.only_one_flow,
          socket.tuned, socket.codecs, socket.relay);
}

template <typename Archive, Of<UdpEncapsulation> Message>
void fields(Archive& archive, Message& encapsulation) {
  archive(encapsulation.first, encapsulation.later, encapsulation.begun, encapsulation.peer,
          encapsulation.room, encapsulation.connect_us, encapsulation.handshake_us);
}

template <typename Archive, Of<Traffic> Message>
void fields(Archive& archive, Message& traffic) {
  each_count([&](auto& count) { archive(count); }, traffic);
}

template <typename Archive, Of<Host> Message>
void fields(Archive& archive, Message& host) {
  archive(host.name);
  archive.enumerator(host.from, HostFrom::dns);
  archive(host.is_outer);
}

template <typename Archive, Of<FlowPart> Message>
void fields(Archive& archive, Message& flow) {
  archive(flow.socket, flow.binding, flow.server, flow.number, flow.client, flow.destination,
          flow.interface, flow.remote, flow.source, flow.generation, flow.attempts, flow.opened,
          flow.last_activity, flow.answered, flow.waiting, flow.is_foreign, flow.is_track_lost,
          flow.queries, flow.first_byte_us, flow.traffic, flow.path, flow.device, flow.host,
          flow.encapsulation);
}

template <typename Archive, Of<Ending> Message>
void fields(Archive& archive, Message& ending) {
  archive(ending.workers, ending.last_numbers, ending.paused);
}

std::string encode(const Hello& hello) { return encoded(hello); }
std::string encode(const WorkerPart& worker) { return encoded(worker); }
std::string encode(std::span<const SocketPart> sockets) { return encoded(sockets); }
std::string encode(std::span<const FlowPart> flows) { return encoded(flows); }
std::string encode(const Ending& ending) { return encoded(ending); }

Result<Hello> decode_hello(std::string_view body) { return decoded<Hello>(body); }
Result<WorkerPart> decode_worker(std::string_view body) { return decoded<WorkerPart>(body); }
Result<std::vector<SocketPart>> decode_sockets(std::string_view body) {
  return decoded<std::vector<SocketPart>>(body);
}
Result<std::vector<FlowPart>> decode_flows(std::string_view body) {
  return decoded<std::vector<FlowPart>>(body);
}
Result<Ending> decode_ending(std::string_view body) { return decoded<Ending>(body); }

}  // namespace weir::takeover
