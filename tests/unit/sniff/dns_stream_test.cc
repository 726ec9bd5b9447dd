// DNS messages out of a TCP connection's bytes.
#include "sniff/dns_stream.h"

#include <random>
#include <string>
#include <vector>

#include "catch.h"
#include "quic_builder.h"

namespace weir {
namespace {

std::string framed(const std::string& message) {
  std::string out;
  NetworkWriter(out).u16(static_cast<std::uint16_t>(message.size()));
  return out + message;
}

struct DnsListener {
  std::vector<std::string> heard;

  void take(std::string_view piece) {
    stream.take(exact_bytes(piece), [this](std::span<const std::uint8_t> message) {
      heard.emplace_back(message.begin(), message.end());
    });
  }

  DnsStream stream;
};

std::vector<std::string> heard_at_once(std::string_view bytes) {
  DnsListener listener;
  listener.take(bytes);
  return listener.heard;
}

}  // namespace

TEST_CASE("messages come whole and in order, however their bytes are cut in two") {
  const std::vector<std::string> messages{"one", "x", std::string(300, 'y'), "last"};
  std::string bytes;
  for (const std::string& message : messages) {
    bytes += framed(message);
  }
  CHECK(heard_at_once(bytes) == messages);
  for (std::size_t cut = 0; cut <= bytes.size(); ++cut) {
    DnsListener listener;
    listener.take(std::string_view(bytes).substr(0, cut));
    listener.take(std::string_view(bytes).substr(cut));
    REQUIRE(listener.heard == messages);
  }
}

TEST_CASE("messages come whole and in order, however their bytes are cut at random") {
  std::mt19937 random(1729);
  for (int round = 0; round < 200; ++round) {
    std::vector<std::string> messages;
    std::string bytes;
    for (int i = 0; i < 20; ++i) {
      const std::size_t most = random() % 4 == 0 ? DnsStream::longest : 200;
      messages.emplace_back(1 + random() % most, static_cast<char>(random()));
      bytes += framed(messages.back());
    }
    DnsListener listener;
    for (std::size_t at = 0; at < bytes.size();) {
      const std::size_t size = random() % 3 == 0 ? 1 : random() % 3'000;
      listener.take(std::string_view(bytes).substr(at, size));
      at += size;
    }
    REQUIRE(listener.heard == messages);
  }
}

TEST_CASE("a message is heard with its last byte") {
  const std::string bytes = framed("message");
  DnsListener listener;
  for (std::size_t at = 0; at < bytes.size(); ++at) {
    CHECK(listener.heard.empty());
    listener.take(bytes.substr(at, 1));
  }
  CHECK(listener.heard == std::vector<std::string>{"message"});
}

TEST_CASE("a message of more than 16 KiB is passed over, and those around it are heard") {
  for (const std::size_t size : {DnsStream::longest, DnsStream::longest + 1, std::size_t{65'535}}) {
    const std::string large(size, 'l');
    const std::string bytes = framed("before") + framed(large) + framed("behind");
    std::vector<std::string> expected{"before", "behind"};
    if (size == DnsStream::longest) {
      expected.insert(expected.begin() + 1, large);
    }
    CHECK(heard_at_once(bytes) == expected);
    for (const std::size_t piece : {1U, 7U, 4'096U}) {
      DnsListener listener;
      for (std::size_t at = 0; at < bytes.size(); at += piece) {
        listener.take(std::string_view(bytes).substr(at, piece));
      }
      CHECK(listener.heard == expected);
    }
  }
}

TEST_CASE("an empty message is none") {
  const std::string bytes = framed("") + framed("a") + framed("") + framed("") + framed("b");
  const std::vector<std::string> expected{"a", "b"};
  CHECK(heard_at_once(bytes) == expected);
  DnsListener listener;
  for (const char byte : bytes) {
    listener.take(std::string(1, byte));
  }
  CHECK(listener.heard == expected);
}

TEST_CASE("a stream takes 32 bytes, as its header says") { CHECK(sizeof(DnsStream) == 32); }

}  // namespace weir
