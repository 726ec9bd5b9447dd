#include "takeover/messages.h"

#include <utility>

#include "takeover/wire.h"

namespace weir::takeover {
namespace {

// What is yes or no, as bits of one byte.
constexpr std::uint8_t flag(bool set, unsigned place) {
  return static_cast<std::uint8_t>(static_cast<unsigned>(set) << place);
}
constexpr bool is_set(std::uint8_t flags, unsigned place) { return (flags >> place & 1U) != 0; }

enum SocketFlags : std::uint8_t { only_one_flow, has_relay, tuned };
enum FlowFlags : std::uint8_t { answered, is_wrapped, has_begun };

// The fewest bytes that one of each takes: a text takes four, an endpoint one.
constexpr std::size_t smallest_way = 9;
constexpr std::size_t smallest_server = 14;
constexpr std::size_t smallest_socket = 12;
constexpr std::size_t smallest_flow = 92;

template <typename T>
Result<T> complete(const Reader& in, T value) {
  if (!in.is_complete()) {
    return Error("what the other gateway says makes no sense");
  }
  return value;
}

void write(Writer& out, const SocketPart& socket) {
  out.endpoint(socket.client);
  out.u32(socket.way);
  out.endpoint(socket.local);
  out.u8(socket.generation);
  out.u8(flag(socket.only_one_flow, only_one_flow) | flag(socket.has_relay, has_relay) |
         flag(socket.tuned, tuned));
  out.u32(static_cast<std::uint32_t>(socket.codecs.size()));
  for (const auto& codec : socket.codecs) {
    out.text(codec);
  }
  if (socket.has_relay) {
    out.endpoint(socket.relay.endpoint);
    out.endpoint(socket.relay.server);
    out.endpoint(socket.relay.local);
    out.u32(socket.relay.mtu);
  }
}

SocketPart read_socket(Reader& in) {
  SocketPart out;
  out.client = in.endpoint();
  out.way = in.u32();
  out.local = in.endpoint();
  out.generation = in.u8();
  const auto flags = in.u8();
  out.only_one_flow = is_set(flags, only_one_flow);
  out.has_relay = is_set(flags, has_relay);
  out.tuned = is_set(flags, tuned);
  out.codecs.resize(in.count(sizeof(std::uint32_t)));
  for (auto& codec : out.codecs) {
    codec = in.text();
  }
  if (out.has_relay) {
    out.relay.endpoint = in.endpoint();
    out.relay.server = in.endpoint();
    out.relay.local = in.endpoint();
    out.relay.mtu = in.u32();
  }
  return out;
}

void write(Writer& out, const FlowPart& flow) {
  out.u32(flow.socket);
  out.u32(flow.way);
  out.u32(flow.server);
  out.u64(flow.number);
  out.endpoint(flow.client);
  out.endpoint(flow.destination);
  out.u32(flow.interface);
  out.endpoint(flow.remote);
  out.endpoint(flow.source);
  out.u8(flow.generation);
  out.u16(flow.attempts);
  out.instant(flow.opened);
  out.instant(flow.last_activity);
  out.u8(flag(flow.answered, answered) | flag(flow.is_wrapped, is_wrapped) |
         flag(flow.wrapping.begun, has_begun));
  out.i64(flow.first_byte_us);
  out.u64(flow.bytes_up);
  out.u64(flow.bytes_down);
  out.u64(flow.packets_up);
  out.u64(flow.packets_down);
  out.text(flow.path);
  if (flow.is_wrapped) {
    out.text(flow.wrapping.first);
    out.text(flow.wrapping.rest);
    out.endpoint(flow.wrapping.peer);
    out.u64(flow.wrapping.room);
    out.i64(flow.wrapping.connect_us);
    out.i64(flow.wrapping.handshake_us);
  }
}

FlowPart read_flow(Reader& in) {
  FlowPart out;
  out.socket = in.u32();
  out.way = in.u32();
  out.server = in.u32();
  out.number = in.u64();
  out.client = in.endpoint();
  out.destination = in.endpoint();
  out.interface = in.u32();
  out.remote = in.endpoint();
  out.source = in.endpoint();
  out.generation = in.u8();
  out.attempts = in.u16();
  out.opened = in.instant();
  out.last_activity = in.instant();
  const auto flags = in.u8();
  out.answered = is_set(flags, answered);
  out.is_wrapped = is_set(flags, is_wrapped);
  out.first_byte_us = in.i64();
  out.bytes_up = in.u64();
  out.bytes_down = in.u64();
  out.packets_up = in.u64();
  out.packets_down = in.u64();
  out.path = in.text();
  if (out.is_wrapped) {
    out.wrapping.begun = is_set(flags, has_begun);
    out.wrapping.first = in.text();
    out.wrapping.rest = in.text();
    out.wrapping.peer = in.endpoint();
    out.wrapping.room = in.u64();
    out.wrapping.connect_us = in.i64();
    out.wrapping.handshake_us = in.i64();
  }
  return out;
}

}  // namespace

std::string encode(const Hello& hello) {
  Writer out;
  out.u32(hello.version);
  out.text(hello.program);
  return out.take();
}

Result<Hello> decode_hello(std::string_view body) {
  Reader in(body);
  Hello out;
  out.version = in.u32();
  out.program = in.text();
  return complete(in, std::move(out));
}

std::string encode(const WorkerPart& worker) {
  Writer out;
  out.u16(worker.tcp_listeners);
  out.u16(worker.udp_listeners);
  out.u32(static_cast<std::uint32_t>(worker.ways.size()));
  for (const auto& way : worker.ways) {
    out.text(way.rule);
    out.text(way.upstream);
    out.u8(flag(way.per_client, 0));
  }
  out.u32(static_cast<std::uint32_t>(worker.servers.size()));
  for (const auto& server : worker.servers) {
    out.text(server.upstream);
    out.text(server.name);
    out.text(server.host);
    out.u16(server.port);
  }
  out.u32(worker.sockets);
  out.u32(worker.flows);
  return out.take();
}

Result<WorkerPart> decode_worker(std::string_view body) {
  Reader in(body);
  WorkerPart out;
  out.tcp_listeners = in.u16();
  out.udp_listeners = in.u16();
  out.ways.resize(in.count(smallest_way));
  for (auto& way : out.ways) {
    way.rule = in.text();
    way.upstream = in.text();
    way.per_client = is_set(in.u8(), 0);
  }
  out.servers.resize(in.count(smallest_server));
  for (auto& server : out.servers) {
    server.upstream = in.text();
    server.name = in.text();
    server.host = in.text();
    server.port = in.u16();
  }
  out.sockets = in.u32();
  out.flows = in.u32();
  return complete(in, std::move(out));
}

std::string encode(std::span<const SocketPart> sockets) {
  Writer out;
  out.u32(static_cast<std::uint32_t>(sockets.size()));
  for (const auto& socket : sockets) {
    write(out, socket);
  }
  return out.take();
}

Result<std::vector<SocketPart>> decode_sockets(std::string_view body) {
  Reader in(body);
  std::vector<SocketPart> out(in.count(smallest_socket));
  for (auto& socket : out) {
    socket = read_socket(in);
  }
  return complete(in, std::move(out));
}

std::string encode(std::span<const FlowPart> flows) {
  Writer out;
  out.u32(static_cast<std::uint32_t>(flows.size()));
  for (const auto& flow : flows) {
    write(out, flow);
  }
  return out.take();
}

Result<std::vector<FlowPart>> decode_flows(std::string_view body) {
  Reader in(body);
  std::vector<FlowPart> out(in.count(smallest_flow));
  for (auto& flow : out) {
    flow = read_flow(in);
  }
  return complete(in, std::move(out));
}

std::string encode(const Ending& ending) {
  Writer out;
  out.u32(ending.workers);
  out.u32(static_cast<std::uint32_t>(ending.last_numbers.size()));
  for (const auto number : ending.last_numbers) {
    out.u64(number);
  }
  out.instant(ending.paused);
  return out.take();
}

Result<Ending> decode_ending(std::string_view body) {
  Reader in(body);
  Ending out;
  out.workers = in.u32();
  out.last_numbers.resize(in.count(sizeof(std::uint64_t)));
  for (auto& number : out.last_numbers) {
    number = in.u64();
  }
  out.paused = in.instant();
  return complete(in, std::move(out));
}

}  // namespace weir::takeover
