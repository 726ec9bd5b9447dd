// Plays a handshake against everything its server says, in every way the network may cut that:
// whole, byte by byte, in two and in three pieces at every point. All of them have to end alike,
// and while a handshake waits it takes all it is given.
#pragma once

#include <algorithm>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "catch.h"
#include "weir/handshake.h"

namespace weir {

using MakeHandshake = std::function<std::unique_ptr<Handshake>()>;

struct Ending {
  Handshake::State state = Handshake::State::waiting;
  std::string said;   // by the handshake, in all
  std::string rest;   // of the server's words: whose they are is not the handshake's to say
  std::string error;  // of one that failed
  Handshake::Fault fault = Handshake::Fault::server;
  Endpoint relay;
  bool operator==(const Ending&) const = default;
};

inline Ending play(const MakeHandshake& make, const std::vector<std::string_view>& pieces) {
  const auto handshake = make();
  Ending out;
  out.state = handshake->start({.flow_id = "flow-1"}, out.said);
  for (const std::string_view piece : pieces) {
    if (out.state == Handshake::State::failed) {
      break;
    }
    if (out.state == Handshake::State::done) {
      out.rest += piece;
      continue;
    }
    if (piece.empty()) {
      continue;
    }
    const auto progress = handshake->receive(piece, out.said);
    out.state = progress.state;
    if (out.state == Handshake::State::waiting) {
      REQUIRE(progress.consumed == piece.size());
    } else if (out.state == Handshake::State::done) {
      REQUIRE(progress.consumed <= piece.size());
      out.rest = piece.substr(progress.consumed);
    }
  }
  if (out.state == Handshake::State::failed) {
    REQUIRE_FALSE(handshake->error().empty());
    for (const char c : handshake->error()) {  // it goes into logs
      REQUIRE((c >= ' ' && c <= '~'));
    }
    out.error = handshake->error();
    out.fault = handshake->fault();
    out.said.clear();  // what a failed one still said depends on what came with the last piece
  } else if (out.state == Handshake::State::done) {
    out.relay = handshake->relay();
  }
  return out;
}

// Long speeches are cut at fewer points.
inline Ending ending(const MakeHandshake& make, const std::string& received) {
  const std::string_view all(received);
  const Ending whole = play(make, {all});
  // An error may quote what was heard, which is more when more came at once.
  const auto comparable = [](Ending one) {
    one.error.resize(std::min(one.error.find('\''), one.error.size()));
    return one;
  };
  const Ending expected = comparable(whole);
  std::vector<std::string_view> bytes;
  bytes.reserve(all.size());
  for (std::size_t i = 0; i < all.size(); ++i) {
    bytes.push_back(all.substr(i, 1));
  }
  CHECK(comparable(play(make, bytes)) == expected);
  constexpr std::size_t max_cuts = 64;
  const std::size_t step = 1 + all.size() / max_cuts;
  for (std::size_t first = 0; first <= all.size(); first += step) {
    for (std::size_t second = first; second <= all.size(); second += step) {
      const bool alike =
          comparable(play(make, {all.substr(0, first), all.substr(first, second - first),
                                 all.substr(second)})) == expected;
      INFO("cut at " << first << " and " << second << " of " << all.size());
      REQUIRE(alike);
    }
  }
  return whole;
}

}  // namespace weir
