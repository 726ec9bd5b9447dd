// Hashes that are the same in every process, on every machine and in every version: two gateways
// have to agree on them. Not for tables that clients could fill with collisions (hash_of in
// weir/endpoint.h is).
//
// Pure; any thread.
#pragma once

#include <cstdint>
#include <string_view>

#include "weir/flow.h"

namespace weir {

// The finalizer of SplitMix64: every bit of the input moves every bit of the output.
[[nodiscard]] constexpr std::uint64_t mixed(std::uint64_t x) {
  x += 0x9e3779b97f4a7c15U;
  x = (x ^ (x >> 30U)) * 0xbf58476d1ce4e5b9U;
  x = (x ^ (x >> 27U)) * 0x94d049bb133111ebU;
  return x ^ (x >> 31U);
}

// FNV-1a, finished by a mix.
[[nodiscard]] constexpr std::uint64_t stable_hash(std::string_view text, std::uint64_t seed = 0) {
  std::uint64_t hash = 0xcbf29ce484222325U ^ seed;
  for (const char c : text) {
    hash = (hash ^ static_cast<std::uint8_t>(c)) * 0x100000001b3U;
  }
  return mixed(hash);
}

[[nodiscard]] inline std::uint64_t stable_hash(const Address& address) {
  std::uint64_t hash = 0;
  for (std::size_t i = 0; i < address.bytes().size(); i += 8) {
    std::uint64_t word = 0;
    for (std::size_t j = 0; j < 8; ++j) {
      word = (word << 8U) | address.bytes()[i + j];
    }
    hash = mixed(hash ^ word);
  }
  return hash;
}

[[nodiscard]] inline std::uint64_t stable_hash(const Flow& flow) {
  const auto end = [](const Endpoint& endpoint) {
    return mixed(stable_hash(endpoint.address) ^ endpoint.port);
  };
  return mixed(end(flow.client) ^
               mixed(end(flow.destination) + static_cast<std::uint64_t>(flow.protocol)));
}

}  // namespace weir
