// What is added to a set and removed from it at run time.
#include "sets/live_items.h"

#include <random>

#include "catch.h"
#include "sets/set_view.h"

namespace weir {
namespace {

using Lines = std::vector<std::string>;

Instant at(int seconds) { return Instant(std::chrono::seconds(seconds)); }

// The n-th item is of line n, from 1 on.
std::shared_ptr<const SetContents> list_of(const std::vector<std::string>& texts) {
  SetBuilder builder;
  builder.begin("l");
  std::uint32_t line = 0;
  for (const std::string& text : texts) {
    ListLine read;
    read_list_line(text, read);
    REQUIRE(read.kind == ListLine::Kind::items);
    CHECK(builder.add(read.items.front(), ++line));
  }
  return std::move(builder).build();
}

// A set, and what is asked of it.
class Live {
 public:
  explicit Live(const std::vector<std::string>& list) : list_(list_of(list)) {}

  LiveChange by(std::uint32_t uid, std::optional<Instant> until) const {
    LiveChange out;
    out.uid = uid;
    out.until = until;
    return out;
  }
  Lines add(const char* text, std::optional<Instant> until = {}) {
    LiveChange change = by(7, until);
    change.add.push_back(parse_item(text).value());
    return make(change);
  }
  Lines remove(const char* text, std::optional<Instant> until = {}) {
    LiveChange change = by(8, until);
    change.remove.push_back(parse_item(text).value());
    return make(change);
  }
  Lines make(const LiveChange& change) {
    Lines out;
    for (const Error& error : items.change(change, *list_)) {
      out.push_back(error.text());
    }
    return out;
  }
  [[nodiscard]] SetView view() const { return SetView(list_, items.overlay()); }
  [[nodiscard]] bool has(const char* text) const {
    const auto one = Address::parse(text);
    return one ? view().contains(one.value()) : view().contains(std::string_view(text));
  }
  // "+a -b": what is added and removed.
  [[nodiscard]] std::string said() const {
    std::string out;
    for (const LiveItem& item : items.items()) {
      out += out.empty() ? "" : " ";
      out += (item.kind == LiveItem::Kind::added ? "+" : "-") + item.written();
    }
    return out;
  }
  void list(const std::vector<std::string>& texts) { list_ = list_of(texts); }

  LiveItems items;

 private:
  std::shared_ptr<const SetContents> list_;
};

TEST_CASE("what is added is in the set at once, until its time") {
  Live live({"192.0.2.0/24"});
  CHECK_FALSE(live.has("198.51.100.7"));
  CHECK(live.add("198.51.100.7", at(60)).empty());
  CHECK(live.add("*.example.org", at(30)).empty());
  CHECK(live.has("198.51.100.7"));
  CHECK(live.has("a.example.org"));
  CHECK_FALSE(live.has("example.org"));
  CHECK(live.has("192.0.2.1"));
  CHECK(live.items.next_expiry() == at(30));
  CHECK_FALSE(live.items.expire(at(29)));
  CHECK(live.items.expire(at(30)));
  CHECK_FALSE(live.has("a.example.org"));
  CHECK(live.has("198.51.100.7"));
  CHECK(live.items.next_expiry() == at(60));
  CHECK(live.items.expire(at(100)));
  CHECK_FALSE(live.has("198.51.100.7"));
  CHECK_FALSE(live.items.next_expiry());
  CHECK(live.items.overlay() == nullptr);
}

TEST_CASE("a removed item of the list stays removed until its time, whatever the list says then") {
  Live live({"192.0.2.0/24", "198.51.100.7", "example.org", ".example.net"});
  CHECK(live.remove("192.0.2.0/24", at(60)).empty());
  CHECK(live.remove("example.org", at(60)).empty());
  CHECK(live.remove(".example.net", at(60)).empty());
  CHECK_FALSE(live.has("192.0.2.1"));
  CHECK_FALSE(live.has("example.org"));
  CHECK_FALSE(live.has("a.example.net"));
  CHECK(live.has("198.51.100.7"));
  live.list({"192.0.2.0/24", "example.org"});
  CHECK_FALSE(live.has("192.0.2.1"));
  live.list({"203.0.113.1"});
  CHECK_FALSE(live.has("192.0.2.1"));
  live.list({"192.0.2.0/24", "example.org"});
  CHECK(live.items.expire(at(60)));
  CHECK(live.has("192.0.2.1"));
  CHECK(live.has("example.org"));
}

TEST_CASE("what has no time stays") {
  Live live({"192.0.2.0/24"});
  CHECK(live.add("198.51.100.7").empty());
  CHECK_FALSE(live.items.next_expiry());
  CHECK_FALSE(live.items.expire(at(1'000'000)));
  CHECK(live.has("198.51.100.7"));
}

TEST_CASE("a part of a larger item cannot be removed, and the larger one is named") {
  Live live({"10.0.0.0/8", "10.1.0.0/16", ".example.org", "*.example.net"});
  CHECK(live.remove("10.2.0.0/16") ==
        Lines{"'10.2.0.0/16' is part of '10.0.0.0/8' (l:1): only that can be removed, and the rest "
              "of it added again"});
  CHECK(live.remove("10.1.0.0/16").front().starts_with("'10.1.0.0/16' is part of '10.0.0.0/8'"));
  CHECK(live.remove("10.1.2.3").front().starts_with("'10.1.2.3' is part of '10.1.0.0/16' (l:2)"));
  CHECK(live.remove("www.example.org")
            .front()
            .starts_with("'www.example.org' is part of '.example.org' (l:3)"));
  CHECK(live.remove("example.org").front().starts_with("'example.org' is part of '.example.org'"));
  CHECK(live.remove("*.example.org").front().starts_with("'*.example.org' is part of"));
  CHECK(live.remove("a.example.net")
            .front()
            .starts_with("'a.example.net' is part of "
                         "'*.example.net' (l:4)"));
  CHECK(live.said().empty());

  CHECK(live.remove("10.0.0.0/8").empty());
  CHECK_FALSE(live.has("10.2.0.1"));
  CHECK(live.has("10.1.2.3"));
  CHECK(live.remove("10.1.0.0/16").empty());
  CHECK_FALSE(live.has("10.1.2.3"));
}

TEST_CASE("a part of what was added cannot be removed either") {
  Live live({"203.0.113.1"});
  CHECK(live.add("10.0.0.0/8").empty());
  CHECK(live.add(".example.org").empty());
  CHECK(live.remove("10.1.0.0/16") ==
        Lines{"'10.1.0.0/16' is part of '10.0.0.0/8' (added by uid 7): only that can be removed, "
              "and the rest of it added again"});
  CHECK(live.remove("*.www.example.org")
            .front()
            .starts_with("'*.www.example.org' is part of '.example.org' (added by uid 7)"));
  CHECK(live.remove("*.example.org").front().starts_with("'*.example.org' is part of"));
  CHECK(live.remove("10.0.0.0/8").empty());
  CHECK(live.said() == "+.example.org");
}

TEST_CASE("what is not in the set cannot be removed") {
  Live live({"10.1.0.0/16", "example.org"});
  CHECK(live.remove("192.0.2.1") == Lines{"'192.0.2.1' is not in the set"});
  CHECK(live.remove("10.0.0.0/8") == Lines{"'10.0.0.0/8' is not in the set, only parts of it are"});
  CHECK(live.remove(".example.org") == Lines{"'.example.org' is not in the set"});
}

TEST_CASE("the latest word about an item counts") {
  Live live({"192.0.2.1"});
  CHECK(live.remove("192.0.2.1", at(60)).empty());
  CHECK(live.said() == "-192.0.2.1");
  CHECK(live.remove("192.0.2.1", at(90)).empty());
  CHECK(live.items.next_expiry() == at(90));
  CHECK(live.add("192.0.2.1", at(30)).empty());
  CHECK(live.said() == "+192.0.2.1");
  CHECK(live.items.next_expiry() == at(30));
  CHECK(live.has("192.0.2.1"));
  CHECK(live.remove("192.0.2.1").empty());
  CHECK(live.said() == "-192.0.2.1");
  CHECK_FALSE(live.items.next_expiry());
  CHECK(live.add("198.51.100.7").empty());
  CHECK(live.remove("198.51.100.7").empty());
  CHECK(live.said() == "-192.0.2.1");
}

TEST_CASE("every address of a family is added by force alone") {
  Live live({"192.0.2.1"});
  CHECK(live.add("0.0.0.0/0") ==
        Lines{"'0.0.0.0/0' is every address of its family: that needs force"});
  CHECK(live.add("::/0").size() == 1);
  CHECK(live.add("0.0.0.0-255.255.255.255").size() == 1);
  LiveChange change = live.by(7, {});
  change.add.push_back(parse_item("::/0").value());
  change.force = LiveChange::Force::yes;
  CHECK(live.make(change).empty());
  CHECK(live.has("2001:db8::1"));
}

TEST_CASE("a range is the prefixes that it is made of") {
  Live live({"203.0.113.1"});
  CHECK(live.add("192.0.2.1-192.0.2.4").empty());
  CHECK(live.said() == "+192.0.2.1 +192.0.2.2/31 +192.0.2.4");
  CHECK(live.remove("192.0.2.1-192.0.2.4").empty());
  CHECK(live.said().empty());
  CHECK(live.add("::fffe:ffff:ffff-::1:0:0:1").empty());
  CHECK(live.said() == "+::fffe:ffff:ffff +::1:0:0:0/127");
}

TEST_CASE("a change is made as a whole, or not at all, with every reason why not") {
  Live live({"192.0.2.1", "10.0.0.0/8"});
  LiveChange change = live.by(7, {});
  for (const char* text : {"198.51.100.7", "0.0.0.0/0", "203.0.113.1"}) {
    change.add.push_back(parse_item(text).value());
  }
  for (const char* text : {"192.0.2.1", "10.1.0.0/16", "203.0.113.1"}) {
    change.remove.push_back(parse_item(text).value());
  }
  const Lines errors = live.make(change);
  REQUIRE(errors.size() == 3);
  CHECK(errors[0].ends_with("that needs force"));
  CHECK(errors[1].starts_with("'10.1.0.0/16' is part of"));
  CHECK(errors[2] == "'203.0.113.1' cannot be added and removed at once");
  CHECK(live.said().empty());
}

TEST_CASE("a set takes so many items at run time and no more") {
  Live live({"192.0.2.1"});
  LiveChange change = live.by(7, {});
  for (std::uint32_t i = 0; i < LiveItems::max; ++i) {
    change.add.emplace_back(Prefix{Address::v4(0x0a000000U + i), 32});
  }
  CHECK(live.make(change).empty());
  CHECK(live.items.size() == LiveItems::max);
  CHECK(live.make(change).empty());  // the same again are no more
  CHECK(live.add("198.51.100.7").front().starts_with("at most 65536 items of a set"));
  CHECK(live.remove("192.0.2.1").size() == 1);
  CHECK(live.remove("10.0.0.0").empty());
  CHECK(live.add("198.51.100.7").empty());
}

TEST_CASE("a successor goes on with what was said, by whom and until when") {
  Live before({"192.0.2.1", "example.org"});
  CHECK(before.add("198.51.100.0/24", at(60)).empty());
  CHECK(before.add(".example.net").empty());
  CHECK(before.remove("192.0.2.1", at(90)).empty());
  const auto handed = before.items.items();
  REQUIRE(handed.size() == 3);
  Live after({"192.0.2.1", "example.org"});
  after.items = LiveItems(handed);
  CHECK(after.items.items() == handed);
  CHECK(after.said() == before.said());
  CHECK(after.items.next_expiry() == at(60));
  CHECK_FALSE(after.has("192.0.2.1"));
  CHECK(after.has("www.example.net"));
  for (const LiveItem& item : handed) {
    CHECK(item.uid == (item.kind == LiveItem::Kind::added ? 7U : 8U));
  }
}

TEST_CASE("an overlay is made anew only when something changed") {
  Live live({"192.0.2.1"});
  CHECK(live.items.overlay() == nullptr);
  CHECK(live.add("198.51.100.7").empty());
  const auto first = live.items.overlay();
  CHECK(live.items.overlay() == first);
  CHECK(live.add("198.51.100.8").empty());
  CHECK(live.items.overlay() != first);
  CHECK(first->items.size() == 1);  // readers keep what they have
}

}  // namespace
}  // namespace weir
