#include "dns/name_answers.h"

#include <string>
#include <vector>

#include "catch.h"

namespace weir {
namespace {

using std::chrono::seconds;

std::vector<Address> addresses(const std::vector<std::string>& texts) {
  std::vector<Address> out;
  for (const auto& text : texts) {
    out.push_back(Address::parse(text).value());
  }
  return out;
}

FamilyAnswer found(const std::vector<std::string>& texts, seconds ttl = seconds(60)) {
  FamilyAnswer answer;
  answer.outcome = FamilyAnswer::Outcome::addresses;
  answer.addresses = addresses(texts);
  answer.ttl = ttl;
  return answer;
}

FamilyAnswer none() {
  FamilyAnswer answer;
  answer.outcome = FamilyAnswer::Outcome::none;
  answer.error = "no such name";
  return answer;
}

FamilyAnswer failed() {
  FamilyAnswer answer;
  answer.error = "no DNS server answered in time";
  return answer;
}

std::vector<std::string> texts(const AddressSet& set) {
  std::vector<std::string> out;
  for (std::size_t i = 0; i < set.size(); ++i) {
    out.push_back(set[i].text());
  }
  return out;
}

using Texts = std::vector<std::string>;

struct Name {
  NameAnswers answers{"web.example"};
  RefreshBounds bounds{seconds(1), seconds(3600)};
  Instant now{seconds(1000)};

  NameAnswers::News hear(const FamilyAnswer& four, const FamilyAnswer& six) {
    return answers.answered(four, six, now, bounds);
  }
  [[nodiscard]] Milliseconds pause() const {
    return std::chrono::duration_cast<Milliseconds>(answers.due() - now);
  }
};

TEST_CASE_METHOD(Name, "the first answer is published and told") {
  const auto news = hear(found({"192.0.2.2", "192.0.2.1"}), found({"2001:db8::1"}));
  REQUIRE(news.publish);
  CHECK(texts(*news.publish) == Texts{"192.0.2.1", "192.0.2.2", "2001:db8::1"});
  CHECK(news.infos == Texts{"web.example is 192.0.2.1, 192.0.2.2, 2001:db8::1"});
  CHECK(news.warnings.empty());
}

TEST_CASE_METHOD(Name, "the same addresses in another order are no news") {
  hear(found({"192.0.2.1", "192.0.2.2"}), none());
  const auto news = hear(found({"192.0.2.2", "192.0.2.1", "192.0.2.1"}), none());
  CHECK_FALSE(news.publish);
  CHECK(news.infos.empty());
}

TEST_CASE_METHOD(Name, "a change is told once") {
  hear(found({"192.0.2.1"}), none());
  CHECK(hear(found({"192.0.2.9"}), none()).infos ==
        Texts{"web.example is now 192.0.2.9; was 192.0.2.1"});
  CHECK(hear(found({"192.0.2.9"}), none()).infos.empty());
}

TEST_CASE_METHOD(Name, "the next lookup comes when the shortest TTL has run out") {
  hear(found({"192.0.2.1"}, seconds(300)), found({"2001:db8::1"}, seconds(20)));
  CHECK(pause() == seconds(20));
  hear(found({"192.0.2.1"}, seconds(300)), none());
  CHECK(pause() == seconds(300));
}

TEST_CASE_METHOD(Name, "a TTL stays within its bounds, and one of 2^31 counts as none") {
  const auto after = [&](std::int64_t ttl) { return pause_after_answer(seconds(ttl), bounds); };
  CHECK(after(0) == seconds(1));
  CHECK(after(59) == seconds(59));
  CHECK(after(86400) == seconds(3600));
  CHECK(after((std::int64_t{1} << 31) - 1) == seconds(3600));
  CHECK(after(std::int64_t{1} << 31) == seconds(1));
  CHECK(after(-1) == seconds(1));
  CHECK(pause_after_answer(seconds(0), {Milliseconds(0), Milliseconds(0)}) > Milliseconds(0));
}

TEST_CASE_METHOD(Name, "while lookups fail the last good answer stays, and one line says so") {
  hear(found({"192.0.2.1"}), none());
  for (const auto& answer : {none(), failed()}) {
    const auto news = hear(answer, answer);
    CHECK_FALSE(news.publish);
    CHECK(news.infos.empty());
    CHECK(texts(answers.addresses()) == Texts{"192.0.2.1"});
  }
  Name other;
  other.hear(found({"192.0.2.1"}), none());
  CHECK(other.hear(none(), none()).warnings ==
        Texts{"cannot resolve web.example: no such name; its last good addresses stay"});
  CHECK(other.hear(none(), none()).warnings.empty());
  CHECK(other.hear(found({"192.0.2.1"}), none()).infos == Texts{"web.example resolves again"});
  CHECK(other.hear(failed(), failed()).warnings.size() == 1);
}

TEST_CASE_METHOD(Name, "a name that never resolved says that it has no address yet") {
  CHECK(hear(none(), none()).warnings ==
        Texts{"cannot resolve web.example: no such name; it has no address yet"});
}

TEST_CASE_METHOD(Name,
                 "failures are retried after min-ttl, then at doubled pauses up to a minute") {
  std::vector<std::int64_t> pauses;
  for (int i = 0; i < 9; ++i) {
    hear(failed(), failed());
    pauses.push_back(pause() / seconds(1));
  }
  CHECK(pauses == std::vector<std::int64_t>{1, 2, 4, 8, 16, 32, 60, 60, 60});
  hear(found({"192.0.2.1"}), none());
  hear(failed(), failed());
  CHECK(pause() == seconds(1));
}

TEST_CASE_METHOD(Name, "a family that fails keeps its addresses, the other one moves on") {
  hear(found({"192.0.2.1"}), found({"2001:db8::1"}));
  const auto news = hear(found({"192.0.2.9"}), failed());
  REQUIRE(news.publish);
  CHECK(texts(*news.publish) == Texts{"192.0.2.9", "2001:db8::1"});
  CHECK(news.warnings.size() == 1);
  CHECK(pause() == seconds(1));
}

TEST_CASE_METHOD(Name, "a family without addresses any more loses them") {
  hear(found({"192.0.2.1"}), found({"2001:db8::1"}));
  const auto news = hear(found({"192.0.2.1"}), none());
  REQUIRE(news.publish);
  CHECK(texts(*news.publish) == Texts{"192.0.2.1"});
}

TEST_CASE_METHOD(Name, "addresses that no server can have are ignored and told once") {
  const auto odd = found({"0.0.0.0", "224.0.0.1", "255.255.255.255", "0.1.2.3", "192.0.2.1"});
  const auto news = hear(odd, found({"::", "ff02::1", "fe80::1"}));
  REQUIRE(news.publish);
  CHECK(texts(*news.publish) == Texts{"192.0.2.1"});
  REQUIRE(news.warnings.size() == 1);
  CHECK(news.warnings[0].find("0.0.0.0") != std::string::npos);
  CHECK(news.warnings[0].find("fe80::1") != std::string::npos);
  CHECK(hear(odd, found({"::", "ff02::1", "fe80::1"})).warnings.empty());
}

TEST_CASE_METHOD(Name, "a sinkhole's 0.0.0.0 does not replace a good answer") {
  hear(found({"192.0.2.1"}), none());
  const auto news = hear(found({"0.0.0.0"}), none());
  CHECK_FALSE(news.publish);
  CHECK(texts(answers.addresses()) == Texts{"192.0.2.1"});
  CHECK(news.warnings.size() == 2);
}

TEST_CASE_METHOD(Name, "loopback may be meant: it is used, with a warning") {
  const auto news = hear(found({"127.0.0.1"}), none());
  REQUIRE(news.publish);
  CHECK(texts(*news.publish) == Texts{"127.0.0.1"});
  CHECK(news.warnings.size() == 1);
}

TEST_CASE_METHOD(Name, "of a thousand addresses both families keep a share") {
  FamilyAnswer four = found({});
  for (std::uint32_t i = 0; i < 1000; ++i) {
    four.addresses.push_back(Address::v4(0xc6336400U + i));
  }
  const auto news = hear(four, found({"2001:db8::1", "2001:db8::2"}));
  REQUIRE(news.publish);
  CHECK(news.publish->size() == AddressSet::capacity);
  CHECK(texts(*news.publish).back() == "2001:db8::2");
  CHECK(news.warnings.size() == 1);
  std::vector<Address> many_six;
  for (int i = 1; i <= 100; ++i) {
    many_six.push_back(Address::parse("2001:db8::" + std::to_string(i)).value());
  }
  const auto both = select_addresses(four.addresses, many_six);
  CHECK(both[AddressSet::capacity / 2 - 1].is_v4());
  CHECK_FALSE(both[AddressSet::capacity / 2].is_v4());
  CHECK(select_addresses({}, many_six).size() == AddressSet::capacity);
}

}  // namespace
}  // namespace weir
