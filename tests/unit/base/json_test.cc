// JSON values: how they are made, asked, written and read.
#include "base/json.h"

#include <array>
#include <cmath>
#include <limits>
#include <random>
#include <string>

#include <nlohmann/json.hpp>

#include "base/json_reader.h"
#include "catch.h"

namespace weir {
namespace {

using Model = nlohmann::ordered_json;

std::string model_text(const Model& value, int indent) {
  return value.dump(indent, ' ', false, Model::error_handler_t::replace);
}

// A value, and the same one as nlohmann-json has it.
struct Both {
  Json ours;
  Model model;
};

// Any bytes: most of them are no UTF-8.
std::string any_text(std::mt19937& random) {
  static const std::vector<std::string> parts{"a",
                                              "\"",
                                              "\\",
                                              "\n",
                                              "\b",
                                              "\f",
                                              "\x1b[2J",
                                              "\x7f",
                                              std::string(1, '\0'),
                                              "é",
                                              "漢",
                                              "😀",
                                              "\xc3",
                                              "\xe6\xbc",
                                              "\xf0\x9f\x98",
                                              "\xff",
                                              "\xed\xa0\x80",
                                              "\xc0\xaf",
                                              "\xf5\x80\x80\x80"};
  std::string out;
  for (auto i = random() % 6; i != 0; --i) {
    out += parts[random() % parts.size()];
  }
  return out;
}

Both any_value(std::mt19937& random, unsigned depth) {
  switch (random() % (depth == 0 ? 6 : 8)) {
    case 0:
      return {Json(), Model()};
    case 1:
      return {Json(depth % 2 == 0), Model(depth % 2 == 0)};
    case 2: {
      const std::uint64_t number = (std::uint64_t{random()} << 32U) >> (random() % 64);
      return {Json(number), Model(number)};
    }
    case 3: {
      const auto number = -static_cast<std::int64_t>(random() >> (random() % 32));
      return {Json(number), Model(number)};
    }
    case 4: {
      const double number = (static_cast<double>(random()) - 2e9) / std::pow(10, random() % 30);
      return {Json(number), Model(number)};
    }
    case 5: {
      const auto text = any_text(random);
      return {Json(text), Model(text)};
    }
    case 6: {
      Both out{Json(Json::Kind::array), Model::array()};
      for (auto i = random() % 4; i != 0; --i) {
        auto item = any_value(random, depth - 1);
        out.ours.push(std::move(item.ours));
        out.model.push_back(std::move(item.model));
      }
      return out;
    }
    default: {
      Both out{Json(Json::Kind::object), Model::object()};
      for (auto i = random() % 4; i != 0; --i) {
        auto value = any_value(random, depth - 1);
        const auto name = any_text(random);
        out.ours.set(name, std::move(value.ours));
        out.model[name] = std::move(value.model);
      }
      return out;
    }
  }
}

TEST_CASE("what is written is what nlohmann-json writes, byte by byte") {
  std::mt19937 random(1);  // NOLINT(cert-msc51-cpp): the same values each time
  for (int i = 0; i < 3000; ++i) {
    const auto value = any_value(random, 4);
    REQUIRE(json_text(value.ours) == model_text(value.model, -1));
    REQUIRE(json_text(value.ours, JsonLayout::indented) == model_text(value.model, 2));
  }
}

TEST_CASE("what was written is read as the same value") {
  std::mt19937 random(2);  // NOLINT(cert-msc51-cpp): the same values each time
  for (int i = 0; i < 3000; ++i) {
    const auto text = json_text(any_value(random, 4).ours);
    const auto again = parse_json(text);
    REQUIRE(again);
    REQUIRE(json_text(again.value()) == text);
  }
}

TEST_CASE("numbers are written whole where they are whole, and null where they are none") {
  CHECK(json_text({{"bytes", std::numeric_limits<std::uint64_t>::max()},
                   {"least", std::numeric_limits<std::int64_t>::min()},
                   {"check_ms", 0.417},
                   {"whole", 2.0},
                   {"large", 1e300},
                   {"none", std::nan("")},
                   {"endless", HUGE_VAL}}) ==
        R"({"bytes":18446744073709551615,"least":-9223372036854775808,"check_ms":0.417,)"
        R"("whole":2.0,"large":1e+300,"none":null,"endless":null})");
}

TEST_CASE("an object keeps the order of its members, and has each name once") {
  Json object{{"b", 1}, {"a", "text"}};
  object.set("c", Json());
  object.set("b", std::vector<std::string>{"x", "y"});
  object.merge({{"a", true}, {"d", {{"e", Json(Json::Kind::object)}}}});
  CHECK(json_text(object) == R"({"b":["x","y"],"a":true,"c":null,"d":{"e":{}}})");
}

TEST_CASE("null becomes what is put into it") {
  Json list;
  list.push(1);
  Json object;
  object.set("a", std::move(list));
  CHECK(json_text(object) == R"({"a":[1]})");
}

TEST_CASE("a value answers the questions of its kind, and no others") {
  const auto read =
      parse_json(R"({"yes":true,"n":3,"less":-3,"half":0.5,"word":"up","list":[1,2]})");
  REQUIRE(read);
  const Json& value = read.value();
  CHECK(value.find("yes")->boolean() == true);
  CHECK(value.find("n")->natural() == 3U);
  CHECK(value.find("n")->integer() == 3);
  CHECK(value.find("n")->real() == 3.0);
  CHECK(value.find("less")->integer() == -3);
  CHECK_FALSE(value.find("less")->natural());
  CHECK(value.find("half")->real() == 0.5);
  CHECK_FALSE(value.find("half")->integer());
  CHECK(value.find("word")->text() == "up");
  CHECK_FALSE(value.find("word")->real());
  CHECK_FALSE(value.find("n")->boolean());
  CHECK_FALSE(value.find("n")->text());
  CHECK(value.find("list")->items().size() == 2);
  CHECK(value.find("list")->members().empty());
  CHECK(value.find("list")->find("0") == nullptr);
  CHECK(value.find("absent") == nullptr);
  CHECK(value.members().front().name == "yes");
}

TEST_CASE("a whole number too large for int64_t is natural, and no integer") {
  const Json large = json_or_null("18446744073709551615");
  CHECK(large.natural() == std::numeric_limits<std::uint64_t>::max());
  CHECK_FALSE(large.integer());
}

TEST_CASE("values are equal by what they say") {
  CHECK(Json(1) == Json(std::uint64_t{1}));
  CHECK(Json(-1) == json_or_null("-1"));
  CHECK_FALSE(Json(1) == Json(true));
  CHECK(Json{{"a", 1}} == json_or_null(R"({"a": 1})"));
  CHECK_FALSE(Json{{"a", 1}} == Json{{"a", 2}});
}

TEST_CASE("of members of one name the last counts") {
  CHECK(json_or_null(R"({"a": 1, "a": 2})").find("a")->natural() == 2U);
}

TEST_CASE("what is no JSON is an error that says where, and printable") {
  for (const std::string text :
       {"", "{", "[1,]", "nul", "{\"a\" 1}", "\"\xff\"", "\x1b[31m", "1e400", "[1] 2", "'a'"}) {
    INFO(text);
    const auto read = parse_json(text);
    REQUIRE_FALSE(read);
    CHECK(read.error().text().find('\x1b') == std::string::npos);
    CHECK(read.error().text().find("json.exception") == std::string::npos);
    CHECK(json_or_null(text) == Json());
  }
  CHECK(parse_json("{\n\"a\" 1}").error().text().find("line 2") != std::string::npos);
}

TEST_CASE("what is nested without end is an error") {
  const auto nested = [](std::size_t depth) {
    return parse_json(std::string(depth, '[') + std::string(depth, ']'));
  };
  CHECK(nested(100));
  REQUIRE_FALSE(nested(1'000'000));
  CHECK(nested(1'000'000).error().text() == "it is nested too deep");
}

TEST_CASE("a reader of a document that is as expected has no complaint") {
  const Json document =
      json_or_null(R"({"a": "x", "n": 3, "r": 0.5, "b": true, "l": [1, 2], "o": {"k": 7}})");
  std::string mismatch;
  const JsonReader reader(document, mismatch);
  CHECK(reader.at("a").text() == "x");
  CHECK(reader.at("n").number() == 3);
  CHECK(reader.at("n").real() == 3);
  CHECK(reader.at("r").real() == 0.5);
  CHECK(reader.at("b").boolean());
  CHECK(reader.at("l").items().at(1).number() == 2);
  CHECK(reader.at("o").members().at(0).first == "k");
  CHECK(reader.at("o").members().at(0).second.number() == 7);
  CHECK(reader.find("a"));
  CHECK_FALSE(reader.find("z"));
  CHECK(mismatch.empty());
}

TEST_CASE("a reader keeps the first thing that is not as expected, and goes on with nothing") {
  const Json document = json_or_null(R"({"flows": [{"id": 7}], "total": "many"})");
  const auto complaint_of = [&](const auto& read) {
    std::string mismatch;
    read(JsonReader(document, mismatch));
    return mismatch;
  };
  CHECK(complaint_of([](const JsonReader& reader) {
          CHECK(reader.at("total").number() == 0);
          CHECK(reader.at("pid").number() == 0);
        }) == "total is not a whole number");
  CHECK(complaint_of([](const JsonReader& reader) {
          CHECK(reader.at("events").members().empty());
        }) == "the document has no events");
  CHECK(complaint_of([](const JsonReader& reader) {
          CHECK(reader.at("flows").items().at(0).at("rule").text().empty());
        }) == "flows has no rule");
  CHECK(complaint_of([](const JsonReader& reader) {
          CHECK(reader.at("flows").items().at(0).at("id").text().empty());
        }) == "id is not a text");
  CHECK(complaint_of([](const JsonReader& reader) { CHECK(reader.at("total").items().empty()); }) ==
        "total is not a list");
  CHECK(complaint_of([](const JsonReader& reader) { CHECK_FALSE(reader.at("total").boolean()); }) ==
        "total is not true or false");
  CHECK(complaint_of([](const JsonReader& reader) { CHECK(reader.at("flows").real() == 0); }) ==
        "flows is not a number");
}

TEST_CASE("texts of an object are read without the rest, which may be anything") {
  constexpr std::array<std::string_view, 2> names{"a", "b"};
  std::array<std::string, 2> into{"x", "y"};
  const auto read = [&](std::string_view text) {
    const auto done = read_texts(text, names, into);
    return done ? into[0] + "|" + into[1] : done.error().text();
  };
  CHECK(read(R"({"b":"2","a":"1"})") == "1|2");
  CHECK(read(R"({"a":"1","b":"2",)") == "1|2");
  CHECK(read(R"({"c":{"a":"3"},"d":[1,"4"],"a":"1","e":null,"b":"2"})") == "1|2");
  CHECK(read(R"({"a":"1","n":1.5})") == "1|");
  CHECK(read(R"({"a":7,"b":""})") == "|");
  CHECK(read("{}") == "|");
  CHECK(read("[1]") == "this is no object");
  CHECK(read("7") == "this is no object");
  CHECK(read("{\"a\":").starts_with("parse error at line 1"));
  CHECK(read("{\"c\":" + std::string(200, '[')) == "this is nested too deeply");
  std::string deep;
  for (int i = 0; i < 200; ++i) {
    deep += "{\"c\":";
  }
  CHECK(read(deep) == "this is nested too deeply");
}

}  // namespace
}  // namespace weir
