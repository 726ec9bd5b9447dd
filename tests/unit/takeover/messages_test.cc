// Every message comes out as it went in, whatever the pieces; and bytes that no gateway writes are
// refused, not believed.
#include "takeover/messages.h"

#include <string>

#include "catch.h"
#include "takeover/frame.h"

namespace weir::takeover {
namespace {

Endpoint endpoint(const char* text) { return Endpoint::parse(text).value(); }

WorkerPart some_worker() {
  return {
      .tcp_listeners = 2,
      .udp_listeners = 4,
      .bindings = {{.rule = "dns", .upstream = "transparent", .per_client = true},
                   {.rule = "(default)", .upstream = "any", .member = "pool", .per_client = false}},
      .servers = {{.upstream = "pool", .name = "web1", .host = "192.0.2.60", .port = 80}},
      .sockets = 3,
      .flows = 70'000};
}

std::vector<SocketPart> some_sockets() {
  SocketPart mapping;
  mapping.client = endpoint("192.0.2.11:41000");
  mapping.binding = 1;
  mapping.local = endpoint("192.0.2.1:50000");
  mapping.generation = 3;
  mapping.tuned = true;
  SocketPart relayed;
  relayed.client = endpoint("[fd00::11]:41000");
  relayed.local = endpoint("[fe80::1%lo]:1081");
  relayed.only_one_flow = true;
  relayed.codecs = {"socks5", "proxy"};
  relayed.relay = RelayPart{.endpoint = endpoint("198.51.100.10:1081"),
                            .server = endpoint("198.51.100.10:1080"),
                            .local = endpoint("198.51.100.1:33333"),
                            .mtu = 1'500};
  return {mapping, relayed};
}

std::vector<FlowPart> some_flows() {
  FlowPart bare;
  bare.client = endpoint("192.0.2.11:41000");
  bare.destination = endpoint("203.0.113.5:53");
  FlowPart full = bare;
  full.socket = 1;
  full.binding = 2;
  full.server = 3;
  full.number = (std::uint64_t{5} << 48U) + 7;
  full.interface = 4;
  full.remote = endpoint("[fd00::1]:53");
  full.source = endpoint("[fd00::2]:54");
  full.generation = 2;
  full.attempts = 9;
  full.opened = Instant(std::chrono::microseconds(123'456'789'012));
  full.last_activity = Instant(std::chrono::microseconds(-1));
  full.answered = true;
  full.waiting = true;
  full.is_foreign = true;
  full.is_track_lost = true;
  full.queries = {1, UINT32_MAX, 3};
  full.first_byte_us = 5;
  full.traffic.bytes_up = UINT64_MAX;
  full.traffic.bytes_down = 1;
  full.traffic.packets_up = 2;
  full.traffic.packets_down = 3;
  full.path = "proxy/a>pool/b";
  full.device = "tv";
  full.host = Host{.name = "www.example.org", .from = HostFrom::quic, .is_outer = true};
  full.encapsulation = UdpEncapsulation{.first = std::string("\0head", 5),
                                        .later = "",
                                        .begun = true,
                                        .peer = endpoint("203.0.113.5:53"),
                                        .room = 1'472,
                                        .connect_us = -1,
                                        .handshake_us = INT64_MAX};
  return {bare, full};
}

template <typename Decode>
void check_truncations(const std::string& whole, Decode decode) {
  CHECK(decode(whole).ok());
  for (std::size_t size = 0; size < whole.size(); ++size) {
    CHECK_FALSE(decode(std::string_view(whole).substr(0, size)).ok());
  }
  CHECK_FALSE(decode(whole + '\0').ok());
}

TEST_CASE("every message comes out as it went in") {
  const Hello hello{.version = 7, .program = "0.1.0"};
  CHECK(decode_hello(encode(hello)).value() == hello);
  CHECK(decode_worker(encode(some_worker())).value() == some_worker());
  CHECK(decode_sockets(encode(some_sockets())).value() == some_sockets());
  CHECK(decode_flows(encode(some_flows())).value() == some_flows());
  const Ending ending{.workers = 2,
                      .last_numbers = {1, 2, UINT64_MAX},
                      .paused = Instant(std::chrono::microseconds(5))};
  CHECK(decode_ending(encode(ending)).value() == ending);
}

TEST_CASE("a message that breaks off, or goes on, is refused at every byte") {
  check_truncations(encode(Hello{.version = 1, .program = "0.1.0"}), decode_hello);
  check_truncations(encode(some_worker()), decode_worker);
  check_truncations(encode(some_sockets()), decode_sockets);
  check_truncations(encode(some_flows()), decode_flows);
  check_truncations(encode(Ending{.workers = 1, .last_numbers = {1}, .paused = {}}), decode_ending);
}

TEST_CASE("a number of things that cannot be there reserves no memory") {
  const std::string huge("\xff\xff\xff\xff", 4);
  CHECK_FALSE(decode_flows(huge).ok());
  CHECK_FALSE(decode_sockets(huge + std::string(100, '\0')).ok());
  CHECK_FALSE(decode_worker(std::string(4, '\0') + huge).ok());
  CHECK_FALSE(decode_ending(std::string(4, '\0') + huge).ok());
  CHECK_FALSE(decode_hello(std::string(4, '\0') + huge + "text").ok());
}

TEST_CASE("an address of no known kind is refused") {
  std::string flows = encode(some_flows());
  constexpr std::size_t client = 4 + 12 + 8;  // of the first flow
  REQUIRE(flows[client] == 1);
  flows[client] = 3;
  CHECK_FALSE(decode_flows(flows).ok());
}

TEST_CASE("an address has one form: IPv4 as IPv6, and :: written out, are refused") {
  FlowPart flow;
  flow.client = endpoint("[fd00::11]:41000");
  const std::string good = encode(std::vector{flow});
  constexpr std::size_t client = 4 + 12 + 8;
  REQUIRE(good[client] == 2);
  REQUIRE(decode_flows(good).ok());
  std::string mapped = good;
  mapped.replace(client + 1, 16, std::string(10, '\0') + "\xff\xff\xc0\x01\x02\x03");
  CHECK_FALSE(decode_flows(mapped).ok());
  std::string unspecified = good;
  unspecified.replace(client + 1, 16, std::string(16, '\0'));
  CHECK_FALSE(decode_flows(unspecified).ok());
}

TEST_CASE("yes and no have one form each") {
  std::string worker =
      encode(WorkerPart{.tcp_listeners = 0,
                        .udp_listeners = 0,
                        .bindings = {{.rule = "", .upstream = "", .per_client = true}},
                        .servers = {},
                        .sockets = 0,
                        .flows = 0});
  constexpr std::size_t per_client = 4 + 4 + 4 + 4 + 4;
  REQUIRE(worker[per_client] == 1);
  worker[per_client] = 2;
  CHECK_FALSE(decode_worker(worker).ok());
}

TEST_CASE("frames come out whole, wherever the stream was cut") {
  std::string stream;
  append_frame(FrameType::hello, 0, "", stream);
  append_frame(FrameType::sockets, 2, std::string(300, 'x'), stream);
  append_frame(FrameType::go, 0, "y", stream);
  for (std::size_t cut = 0; cut <= stream.size(); ++cut) {
    FrameReader reader;
    std::vector<Frame> frames;
    const auto take = [&]() {
      while (auto next = reader.next().value()) {
        frames.push_back(*next);
      }
    };
    reader.feed(std::string_view(stream).substr(0, cut));
    take();
    reader.feed(std::string_view(stream).substr(cut));
    take();
    REQUIRE(frames.size() == 3);
    CHECK(frames[0].type == FrameType::hello);
    CHECK(frames[1].descriptors == 2);
    CHECK(frames[1].body == std::string(300, 'x'));
    CHECK(frames[2].body == "y");
    CHECK_FALSE(reader.is_within());
  }
}

TEST_CASE("a stream that breaks off gives no frame, and an impossible head is an error") {
  std::string stream;
  append_frame(FrameType::hello, 1, "body", stream);
  for (std::size_t size = 0; size < stream.size(); ++size) {
    FrameReader reader;
    reader.feed(std::string_view(stream).substr(0, size));
    CHECK_FALSE(reader.next().value());
    CHECK(reader.is_within() == (size > 0));
  }
  FrameReader too_large;
  too_large.feed(std::string("\x01\x00\x00\x04\x01\x00\x00\x00", frame_head));
  CHECK_FALSE(too_large.next().ok());
  FrameReader too_many;
  too_many.feed(std::string("\x00\x00\x00\x00\x01\x00\xfe\x00", frame_head));
  CHECK_FALSE(too_many.next().ok());
}

}  // namespace
}  // namespace weir::takeover
