// The example of src/upstream/README.md is a policy that works.
#include <fstream>
#include <sstream>
#include <string>

#include "catch.h"
#include "handshake/play.h"
#include "make.h"
#include "source_tree.h"

namespace weir {

extern const PolicyType knock_policy;  // example_policy.cc

namespace {

std::string read(const std::string& path) {
  std::ifstream file(source_tree() / path);
  REQUIRE(file);
  std::ostringstream out;
  out << file.rdbuf();
  return out.str();
}

std::shared_ptr<Upstream> knock(const std::string& word) {
  Settings settings("door", {"weir.ini", 1}, knock_policy.keys);
  if (!word.empty()) {
    const auto value = parse_value(knock_policy.keys[0], word, {"weir.ini", 2});
    REQUIRE(value.ok());
    settings.add("word", value.value());
  }
  ServerPool pool;
  auto made = knock_policy.make(settings, {.name = "door", .type = "knock"}, pool, nobody);
  REQUIRE(made.ok());
  return made.value();
}

}  // namespace

TEST_CASE("the README's example is the file that is compiled, and is short") {
  const std::string manual = read("src/upstream/README.md");
  const std::string fence = "```cpp\n";
  const auto begin = manual.find(fence);
  REQUIRE(begin != std::string::npos);
  const auto end = manual.find("```", begin + fence.size());
  const std::string shown = manual.substr(begin + fence.size(), end - begin - fence.size());
  CHECK(shown == read("tests/unit/upstream/example_policy.cc"));
  std::istringstream lines(shown);
  int count = 0;
  for (std::string line; std::getline(lines, line);) {
    count += line.empty() ? 0 : 1;
  }
  CHECK(count < 60);
}

TEST_CASE("the README's example opens the door, through whatever leads there") {
  const auto door = knock("please");
  const Flow one = flow("192.0.2.11:40000", "203.0.113.5:80");
  const MakeHandshake make = [&]() { return std::move(door->route(one, {}).hops.at(0).handshake); };
  const Ending opened = ending(make, "OK\npayload");
  CHECK(opened.state == Handshake::State::done);
  CHECK(opened.said == "please\n");
  CHECK(opened.rest == "payload");
  CHECK(ending(make, "NO\n").error == "knock: not opened");
  CHECK(ending(make, std::string(100, 'x')).state == Handshake::State::failed);
  CHECK(door->route(one, {}).remote == one.destination);
  CHECK(door->route(flow("192.0.2.11:40000", "203.0.113.5:53", Protocol::udp), {}).verdict ==
        Route::Verdict::no_server);
}

}  // namespace weir
