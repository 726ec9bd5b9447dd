// A handshake played twice against the same words: whole, and cut in two.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>

#include "expect.h"
#include "weir/handshake.h"

namespace weir {

struct Played {
  Handshake::State state;
  Handshake::Fault fault;
  std::size_t taken;
};

inline Played play(Handshake& handshake, std::string_view first, std::string_view second) {
  std::string out;
  Played end{.state = handshake.start({.flow_id = "flow-1"}, out), .fault = {}, .taken = 0};
  for (const std::string_view piece : {first, second}) {
    if (end.state != Handshake::State::waiting || piece.empty()) {
      continue;
    }
    const auto progress = handshake.receive(piece, out);
    expect(progress.consumed <= piece.size(), "no more is taken than there is");
    expect(progress.state != Handshake::State::waiting || progress.consumed == piece.size(),
           "who waits takes everything");
    end.state = progress.state;
    end.taken += progress.consumed;
  }
  if (end.state == Handshake::State::failed) {
    end.fault = handshake.fault();
    end.taken = 0;
    expect(!handshake.error().empty() &&
               std::all_of(handshake.error().begin(), handshake.error().end(),
                           [](char c) { return c >= ' ' && c <= '~'; }),
           "an error is printable");
  }
  return end;
}

template <typename Make>
void play_both_ways(std::string_view received, std::size_t cut, const Make& make) {
  auto one = make();
  auto two = make();
  const Played whole = play(one, received, {});
  cut = std::min(cut, received.size());
  const Played halves = play(two, received.substr(0, cut), received.substr(cut));
  expect(whole.state == halves.state && whole.fault == halves.fault && whole.taken == halves.taken,
         "it ends alike however its words arrive");
}

}  // namespace weir
