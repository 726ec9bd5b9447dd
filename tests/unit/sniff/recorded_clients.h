// The QUIC clients that were recorded in datagrams/ (its README.md says how).
#pragma once

#include <algorithm>
#include <cstddef>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>
#include <vector>

#include "source_tree.h"

namespace weir {

struct RecordedClient {
  std::string file;
  std::string host;
  std::vector<std::string> datagrams;
};

inline std::filesystem::path recorded_datagrams() {
  return source_tree() / "tests/unit/sniff/datagrams";
}

inline RecordedClient recorded_client(const std::string& file) {
  constexpr std::string_view before_host = "host ";
  RecordedClient out{.file = file, .host = {}, .datagrams = {}};
  std::ifstream in(recorded_datagrams() / file);
  for (std::string line; std::getline(in, line);) {
    if (line.starts_with(before_host)) {
      out.host = line.substr(before_host.size());
    } else if (!line.starts_with('#')) {
      std::string& datagram = out.datagrams.emplace_back();
      for (std::size_t at = 0; at + 1 < line.size(); at += 2) {
        datagram += static_cast<char>(std::stoi(line.substr(at, 2), nullptr, 16));
      }
    }
  }
  return out;
}

inline std::vector<RecordedClient> recorded_clients() {
  std::vector<RecordedClient> out;
  for (const auto& entry : std::filesystem::directory_iterator(recorded_datagrams())) {
    if (entry.path().extension() != ".md") {
      out.push_back(recorded_client(entry.path().filename()));
    }
  }
  std::ranges::sort(out, {}, &RecordedClient::file);
  return out;
}

}  // namespace weir
