// A set as rules ask it.
#include "sets/set_view.h"

#include <algorithm>
#include <random>

#include "catch.h"
#include "sets/live_items.h"

namespace weir {
namespace {

using Lines = std::vector<std::string>;

Address address(const char* text) { return Address::parse(text).value(); }

std::shared_ptr<const SetContents> list_of(const std::vector<std::string>& texts) {
  SetBuilder builder;
  builder.begin("l");
  std::uint32_t line = 0;
  for (const std::string& text : texts) {
    ListLine read;
    read_list_line(text, read);
    CHECK(builder.add(read.items.at(0), ++line));
  }
  return std::move(builder).build();
}

SetView view_of(const std::vector<std::string>& list, const std::vector<std::string>& add,
                const std::vector<std::string>& remove) {
  const auto contents = list_of(list);
  LiveItems items;
  LiveChange change;
  change.uid = 7;
  for (const std::string& text : add) {
    change.add.push_back(parse_item(text).value());
  }
  for (const std::string& text : remove) {
    change.remove.push_back(parse_item(text).value());
  }
  REQUIRE(items.change(change, *contents).empty());
  return SetView(contents, items.overlay());
}

std::string said(const SetAnswer& answer) {
  std::string out = answer.is_in ? "in:" : "out:";
  out += answer.item.empty() ? "" : " " + answer.item;
  out += answer.location.file.empty()
             ? ""
             : " " + answer.location.file + ":" + std::to_string(answer.location.line);
  if (answer.change) {
    out += answer.change->kind == LiveItem::Kind::added ? " added" : " removed";
    out += " by " + std::to_string(answer.change->uid);
  }
  return out;
}

Lines ranges(const SetView& view, Family family) {
  Lines out;
  SetRanges all(view, family);
  while (const auto range = all.next()) {
    out.push_back(range->first.text() + "-" + range->last.text());
  }
  return out;
}

TEST_CASE("an answer says which item of which line, or which change, decided") {
  const SetView view =
      view_of({"10.0.0.0/8", "10.1.0.0/16", "192.0.2.1", ".example.org", "@@||www.example.org^",
               "gone.example", "*.gone.example"},
              {"198.51.100.0/24", "new.example"}, {"192.0.2.1", "gone.example", "10.0.0.0/8"});
  CHECK(said(view.explain(address("10.1.2.3"))) == "in: 10.1.0.0/16 l:2");
  CHECK(said(view.explain(address("10.2.2.3"))) == "out: 10.0.0.0/8 l:1 removed by 7");
  CHECK(said(view.explain(address("192.0.2.1"))) == "out: 192.0.2.1 l:3 removed by 7");
  CHECK(said(view.explain(address("198.51.100.9"))) == "in: 198.51.100.0/24 added by 7");
  CHECK(said(view.explain(address("203.0.113.1"))) == "out:");
  CHECK(said(view.explain("a.example.org")) == "in: .example.org l:4");
  CHECK(said(view.explain("www.example.org")) == "out: .www.example.org l:5");
  CHECK(said(view.explain("gone.example")) == "out: gone.example l:6 removed by 7");
  CHECK(said(view.explain("a.gone.example")) == "in: *.gone.example l:7");
  CHECK(said(view.explain("new.example")) == "in: new.example added by 7");
  CHECK(said(view.explain("other.example")) == "out:");
}

TEST_CASE("without changes a view says what the lists say") {
  const SetView view(list_of({"192.0.2.0/24", "example.org"}));
  CHECK(view.contains(address("192.0.2.9")));
  CHECK_FALSE(view.contains(address("192.0.3.9")));
  CHECK(view.contains("example.org"));
  CHECK_FALSE(view.contains("example.net"));
  CHECK(said(view.explain(address("192.0.2.9"))) == "in: 192.0.2.0/24 l:1");
  CHECK(said(view.explain("example.net")) == "out:");
  CHECK(ranges(view, Family::v4) == Lines{"192.0.2.0-192.0.2.255"});
  CHECK(ranges(view, Family::v6).empty());
}

TEST_CASE("what was added is in although an exception of a list takes it out") {
  CHECK(view_of({".example.org", "@@||www.example.org^"}, {"www.example.org"}, {})
            .contains("www.example.org"));
}

TEST_CASE("the ranges of a view have what was added, and not what was removed") {
  const SetView view = view_of(
      {"10.0.0.0/9", "10.1.0.0/16", "10.2.0.0/16", "192.0.2.0/24", "2001:db8::/32", "fd00::/8"},
      {"10.3.0.0/16", "192.0.3.0/24", "192.0.2.7", "fe00::/7", "0.0.0.0"},
      {"10.0.0.0/9", "2001:db8::/32"});
  CHECK(ranges(view, Family::v4) ==
        Lines{"0.0.0.0-0.0.0.0", "10.1.0.0-10.3.255.255", "192.0.2.0-192.0.3.255"});
  CHECK(ranges(view, Family::v6) == Lines{"fd00::-ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"});
}

TEST_CASE("a view answers, and its ranges have, what looking at each item would say") {
  std::mt19937 engine(17);
  const auto random = [&](unsigned below) { return static_cast<unsigned>(engine()) % below; };
  const auto some_prefix = [&] {
    // All in 192.0.2.0/24, so that every address can be tried.
    const auto length = static_cast<std::uint8_t>(24 + random(9));
    return Prefix{network_of(Address::v4(0xc0000200U | random(256)), length), length};
  };
  for (int round = 0; round < 300; ++round) {
    std::vector<Prefix> listed;
    for (unsigned i = 1 + random(12); i > 0; --i) {
      listed.push_back(some_prefix());
    }
    std::vector<std::string> texts;
    for (const Prefix& prefix : listed) {
      texts.push_back(prefix.text());
    }
    const auto contents = list_of(texts);
    LiveItems items;
    std::vector<Prefix> added;
    std::vector<Prefix> removed;
    for (unsigned i = random(8); i > 0; --i) {
      LiveChange change;
      const bool is_added = random(2) == 0;
      const Prefix prefix =
          is_added ? some_prefix() : listed[random(static_cast<unsigned>(listed.size()))];
      (is_added ? change.add : change.remove).emplace_back(prefix);
      if (items.change(change, *contents).empty()) {
        std::erase(added, prefix);
        std::erase(removed, prefix);
        (is_added ? added : removed).push_back(prefix);
      }
    }
    const SetView view(contents, items.overlay());
    std::string expected;
    std::string answers;
    for (std::uint32_t i = 0; i < 256; ++i) {
      const Address one = Address::v4(0xc0000200U | i);
      const auto has_it = [&](const Prefix& prefix) { return prefix.contains(one); };
      const bool is_in = std::any_of(added.begin(), added.end(), has_it) ||
                         std::any_of(listed.begin(), listed.end(), [&](const Prefix& prefix) {
                           return has_it(prefix) && std::find(removed.begin(), removed.end(),
                                                              prefix) == removed.end();
                         });
      expected += is_in ? '1' : '0';
      answers += view.contains(one) ? '1' : '0';
      REQUIRE(view.explain(one).is_in == is_in);
    }
    REQUIRE(answers == expected);
    std::string of_ranges(256, '0');
    int last = -2;
    SetRanges all(view, Family::v4);
    while (const auto range = all.next()) {
      const int begin = range->first.bytes()[15];
      REQUIRE(begin > last + 1);
      last = range->last.bytes()[15];
      std::fill(of_ranges.begin() + begin, of_ranges.begin() + last + 1, '1');
    }
    REQUIRE(of_ranges == expected);
  }
}

}  // namespace
}  // namespace weir
