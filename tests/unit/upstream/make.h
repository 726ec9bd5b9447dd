// Upstream sections as an operator would write them: section("forward", {{"server",
// "a=192.0.2.1"}}).
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "catch.h"
#include "upstream/registry.h"

namespace weir {

inline const PolicyType& policy(const std::string& name) {
  for (const PolicyType& row : policies()) {
    if (row.name == name) {
      return row;
    }
  }
  FAIL("no policy named " << name);
  std::abort();
}

// Lines count from 11, in the order given; the header stands on line 10.
inline Settings section(const std::string& type,
                        const std::vector<std::pair<std::string, std::string>>& lines,
                        const std::string& upstream_name = "pool", int header = 10) {
  std::vector<Key> keys(upstream_keys().begin(), upstream_keys().end());
  keys.push_back(Key{.name = "type", .description = "the policy"});
  keys.insert(keys.end(), policy(type).keys.begin(), policy(type).keys.end());
  Settings settings(upstream_name, {"weir.ini", header}, keys);
  int line = header + 1;
  const auto add = [&](const std::string& word, const std::string& text) {
    for (const Key& key : keys) {
      if (key.name == word) {
        INFO(word << " = " << text);
        auto value = parse_value(key, text, {"weir.ini", line});
        REQUIRE(value.ok());
        settings.add(word, value.value());
      }
    }
    REQUIRE(settings.given(word));
    ++line;
  };
  for (const auto& [word, text] : lines) {
    add(word, text);
  }
  add("type", type);
  return settings;
}

// A configuration with no other upstream.
inline Result<std::shared_ptr<Upstream>> nobody(std::string_view name) {
  return Error("unknown upstream '" + std::string(name) + "'");
}

inline std::shared_ptr<Upstream> upstream(
    const std::string& type, const std::vector<std::pair<std::string, std::string>>& lines) {
  ServerPool pool;
  auto made = make_upstream(section(type, lines), pool, nobody);
  INFO((made.ok() ? "" : made.error().text()));
  REQUIRE(made.ok());
  return made.value();
}

// The error of a section that is wrong: "LINE: TEXT".
inline std::string refusal(const std::string& type,
                           const std::vector<std::pair<std::string, std::string>>& lines) {
  ServerPool pool;
  auto made = make_upstream(section(type, lines), pool, nobody);
  return made.ok() ? "accepted"
                   : std::to_string(made.error().location().line) + ": " + made.error().text();
}

inline Flow flow(const std::string& client, const std::string& destination,
                 Protocol protocol = Protocol::tcp) {
  return {.protocol = protocol,
          .client = Endpoint::parse(client).value(),
          .destination = Endpoint::parse(destination).value(),
          .interface = 0};
}

}  // namespace weir
