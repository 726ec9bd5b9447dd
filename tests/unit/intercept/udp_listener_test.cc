// Most of these need CAP_NET_ADMIN; elsewhere they say that they were skipped.
#include "intercept/udp_listener.h"

#include <net/if.h>
#include <sys/socket.h>

#include <optional>
#include <string>
#include <vector>

#include "catch.h"
#include "loopback.h"

namespace weir {
namespace {

struct Datagram {
  Endpoint client;
  Endpoint destination;
  std::uint32_t interface;
  std::uint16_t segment;
  std::string payload;
};

struct Letterbox : SteppedPoll {
  explicit Letterbox(Descriptor socket) {
    port = name_of(socket.get()).port;
    UdpListener::Handler handler;
    handler.on_datagrams = [this](std::span<const InterceptedDatagram> datagrams) {
      for (const auto& one : datagrams) {
        taken.push_back({one.client, one.destination, one.interface, one.segment,
                         std::string(one.payload.begin(), one.payload.end())});
      }
    };
    handler.on_no_destination = [this]() { ++without_destination; };
    handler.on_truncated = [this]() { ++truncated; };
    handler.on_dropped = [this](std::uint32_t datagrams) { dropped += datagrams; };
    listener.emplace(poll, std::move(socket), batch, std::move(handler));
  }
  static Descriptor open(Family family) {
    auto opened = UdpListener::open(family, 0);
    INFO((opened.ok() ? "" : opened.error().text()));
    REQUIRE(opened.ok());
    return std::move(opened).value();
  }
  Port port = 0;
  DatagramBatch batch;
  std::vector<Datagram> taken;
  int without_destination = 0;
  int truncated = 0;
  std::uint32_t dropped = 0;
  std::optional<UdpListener> listener;
};

}  // namespace

TEST_CASE("datagrams come with client, destination and interface, many at a time") {
  if (!may_intercept()) {
    return;
  }
  for (const Family family : {Family::v4, Family::v6}) {
    Letterbox box(Letterbox::open(family));
    const Descriptor client = call({loopback(family), box.port}, SOCK_DGRAM);
    const std::vector<std::string> payloads{"one", "", std::string(65'507, 'x'), "four"};
    for (const auto& payload : payloads) {
      REQUIRE(send(client.get(), payload.data(), payload.size(), 0) ==
              static_cast<ssize_t>(payload.size()));
    }
    box.run();
    REQUIRE(box.taken.size() == payloads.size());
    for (std::size_t i = 0; i < payloads.size(); ++i) {
      CHECK(box.taken[i].client == name_of(client.get()));
      CHECK(box.taken[i].destination == Endpoint{loopback(family), box.port});
      CHECK(box.taken[i].interface == if_nametoindex("lo"));
      CHECK(box.taken[i].segment == 0);
      CHECK(box.taken[i].payload == payloads[i]);
    }
    CHECK(box.without_destination + box.truncated == 0);
  }
}

TEST_CASE("a flood of datagrams is taken in batches, and all of it") {
  if (!may_intercept()) {
    return;
  }
  Letterbox box(Letterbox::open(Family::v4));
  const Descriptor client = call({loopback(Family::v4), box.port}, SOCK_DGRAM);
  for (int i = 0; i < 50; ++i) {
    REQUIRE(send(client.get(), "x", 1, 0) == 1);
  }
  box.run();
  CHECK(box.taken.size() == DatagramBatch::slots);
  box.run();
  CHECK(box.taken.size() == 50);
}

TEST_CASE("a datagram whose destination is not told is dropped and counted") {
  // A socket that was not asked to tell.
  Descriptor plain(::socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  sockaddr_storage raw{};
  const socklen_t length = Endpoint{loopback(Family::v4), 0}.to(raw);
  REQUIRE(bind(plain.get(), reinterpret_cast<const sockaddr*>(&raw), length) == 0);
  Letterbox box(std::move(plain));
  const Descriptor client = call({loopback(Family::v4), box.port}, SOCK_DGRAM);
  REQUIRE(send(client.get(), "x", 1, 0) == 1);
  box.run();
  CHECK(box.taken.empty());
  CHECK(box.without_destination == 1);
}

TEST_CASE("a closed letterbox takes nothing any more") {
  if (!may_intercept()) {
    return;
  }
  Letterbox box(Letterbox::open(Family::v4));
  const Descriptor client = call({loopback(Family::v4), box.port}, SOCK_DGRAM);
  REQUIRE(send(client.get(), "x", 1, 0) == 1);
  box.listener->close();
  box.listener->on_events(0);
  CHECK(box.taken.empty());
}

}  // namespace weir
