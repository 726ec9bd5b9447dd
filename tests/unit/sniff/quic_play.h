// Datagrams shown to a sniffer, one after the other.
#pragma once

#include <algorithm>
#include <cstddef>
#include <string>
#include <vector>

#include "quic_builder.h"
#include "sniff/quic_initial.h"

namespace weir {

// How it ended, and with which datagram; `more` with none.
struct PlayedQuic {
  Sniffed::State state = Sniffed::State::more;
  std::string name = {};
  std::size_t looked_at = 0;
  friend bool operator==(const PlayedQuic&, const PlayedQuic&) = default;
};

inline PlayedQuic play_quic(const std::vector<std::string>& datagrams) {
  QuicSniffer sniffer;
  PlayedQuic out;
  for (const std::string& datagram : datagrams) {
    ++out.looked_at;
    const Sniffed sniffed = sniffer.take(exact_bytes(datagram));
    if (sniffed.state != Sniffed::State::more) {
      out.state = sniffed.state;
      out.name = sniffed.name;
      break;
    }
  }
  return out;
}

// Calls `each` with the first `count` of them in every order.
template <typename Each>
void in_every_order(std::vector<std::string> datagrams, std::size_t count, const Each& each) {
  datagrams.resize(std::min(count, datagrams.size()));
  std::vector<std::size_t> order(datagrams.size());
  for (std::size_t i = 0; i < order.size(); ++i) {
    order[i] = i;
  }
  do {
    std::vector<std::string> ordered;
    for (const std::size_t i : order) {
      ordered.push_back(datagrams[i]);
    }
    each(ordered);
  } while (std::ranges::next_permutation(order).found);
}

// The stream in `count` pieces of about one size, a CRYPTO frame each.
inline std::vector<std::string> crypto_frames(const std::string& stream, std::size_t count) {
  std::vector<std::string> out;
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t begin = stream.size() * i / count;
    const std::size_t end = stream.size() * (i + 1) / count;
    out.push_back(crypto_frame(begin, stream.substr(begin, end - begin)));
  }
  return out;
}

// Each frame in a packet and datagram of its own, numbered from 0.
inline std::vector<std::string> in_datagrams(BuiltInitial like,
                                             const std::vector<std::string>& frames) {
  std::vector<std::string> out;
  for (const std::string& frame : frames) {
    like.frames = frame;
    out.push_back(sealed_to(1200, like));
    ++like.number;
  }
  return out;
}

}  // namespace weir
