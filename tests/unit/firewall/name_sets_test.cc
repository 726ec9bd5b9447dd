// Sets of pairs on their way into the kernel: the messages, the thread that sends them, and what is
// filled when rules come and go.
#include "firewall/name_sets.h"

#include <arpa/inet.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>

#include <algorithm>
#include <array>
#include <future>
#include <map>
#include <thread>

#include "base/netlink.h"
#include "catch.h"
#include "firewall/name_set_messages.h"
#include "firewall/name_set_writer.h"
#include "loop/loop.h"
#include "make.h"
#include "pairs.h"

namespace weir::firewall {
namespace {

using netlink::Bytes;
using std::chrono::seconds;
using Texts = std::vector<std::string>;
using What = NameSetChange::What;

std::string key_text(Bytes key) {
  const std::size_t size = key.size() / 2;
  std::string out;
  for (const Bytes half : {key.first(size), key.last(size)}) {
    std::array<char, INET6_ADDRSTRLEN> text{};
    inet_ntop(size == 4 ? AF_INET : AF_INET6, half.data(), text.data(), text.size());
    out += (out.empty() ? "" : ".") + std::string(text.data());
  }
  return out;
}

// What a transaction says: "new names-4-a 192.0.2.7.203.0.113.1 60000ms".
Texts read(const std::vector<std::byte>& transaction) {
  const std::map<unsigned, std::string> names = {
      {NFNL_SUBSYS_NFTABLES << 8U | NFT_MSG_NEWSETELEM, "new"},
      {NFNL_SUBSYS_NFTABLES << 8U | NFT_MSG_DELSETELEM, "delete"},
      {NFNL_SUBSYS_NFTABLES << 8U | 30U, "destroy"},
      {NFNL_MSG_BATCH_BEGIN, "begin"},
      {NFNL_MSG_BATCH_END, "end"}};
  Texts out;
  netlink::each_message(transaction, [&](const nlmsghdr& header, Bytes bytes) {
    std::string text = names.at(header.nlmsg_type);
    netlink::each_attribute(
        bytes, sizeof(nlmsghdr) + sizeof(nfgenmsg), [&](std::uint16_t type, Bytes content) {
          if (type == NFTA_SET_ELEM_LIST_SET) text += " " + netlink::text_of(content);
          if (type != NFTA_SET_ELEM_LIST_ELEMENTS) return;
          netlink::each_attribute(content, 0, [&](std::uint16_t, Bytes element) {
            netlink::each_attribute(element, 0, [&](std::uint16_t of, Bytes value) {
              if (of == NFTA_SET_ELEM_KEY) {
                netlink::each_attribute(
                    value, 0, [&](std::uint16_t, Bytes key) { text += " " + key_text(key); });
              } else if (of == NFTA_SET_ELEM_TIMEOUT) {
                const auto ms = be64toh(netlink::read_as<std::uint64_t>(value).value());
                text += " " + std::to_string(ms) + "ms";
              }
            });
          });
        });
    out.push_back(text);
  });
  return out;
}

Texts messages(const std::vector<NameSetChange>& changes, NewTimeout how = NewTimeout::in_place) {
  std::uint32_t sequence = 0;
  return read(name_set_messages(changes, how, sequence));
}

const NamePair one = pair_of("192.0.2.7", "203.0.113.1");
const NamePair other = pair_of("192.0.2.8", "203.0.113.2");
const NamePair six = pair_of("fd00::7", "2001:db8::1");

NameRule rule_of(const std::string& set, const std::string& hosts) {
  return {.set = set, .host = said("host", hosts)};
}

// A kernel that does what it is told, or waits, or refuses.
class FakeKernel {
 public:
  NameSetWriter::Transact transact() {
    return [this](const std::vector<std::byte>& transaction) {
      std::unique_lock locked(lock_);
      ++begun_;
      changed_.notify_all();
      changed_.wait(locked, [this]() { return !is_busy_; });
      const Texts said = read(transaction);
      for (const std::string& line : said) {
        if (!missing_.empty() && line.find(missing_) != std::string::npos) return ENOENT;
      }
      done_.insert(done_.end(), said.begin() + 1, said.end() - 1);
      ++transactions_;
      return 0;
    };
  }
  void be_busy(bool is_busy) {
    const std::lock_guard locked(lock_);
    is_busy_ = is_busy;
    changed_.notify_all();
  }
  void await_transaction(std::size_t number) {
    std::unique_lock locked(lock_);
    changed_.wait(locked, [&]() { return begun_ >= number; });
  }
  void lack(const std::string& set) {
    const std::lock_guard locked(lock_);
    missing_ = set;
  }
  Texts done() {
    const std::lock_guard locked(lock_);
    return std::exchange(done_, {});
  }
  std::size_t transactions() {
    const std::lock_guard locked(lock_);
    return transactions_;
  }

 private:
  std::mutex lock_;
  std::condition_variable changed_;
  bool is_busy_ = false;
  std::size_t begun_ = 0;
  std::size_t transactions_ = 0;
  std::string missing_;
  Texts done_;
};

constexpr Milliseconds long_enough{10'000};

}  // namespace

TEST_CASE("changes are one transaction, with addresses and time as the kernel has them") {
  CHECK(messages({put("names-4-a", one), put("names-6-a", six, 90)}) ==
        Texts{"begin", "new names-4-a 192.0.2.7.203.0.113.1 60000ms",
              "new names-6-a fd00::7.2001:db8::1 90000ms", "end"});
  CHECK(messages({take_out("names-4-a", one)}) ==
        Texts{"begin", "destroy names-4-a 192.0.2.7.203.0.113.1", "end"});
}

TEST_CASE("an old kernel is told to replace a pair, and to take out what is in by then") {
  const auto said = [](const std::vector<NameSetChange>& changes) {
    return messages(changes, NewTimeout::by_replacing);
  };
  const std::string pair = "names-4-a 192.0.2.7.203.0.113.1";
  CHECK(said({put("names-4-a", one)}) == Texts{"begin", "new " + pair + " 60000ms",
                                               "delete " + pair, "new " + pair + " 60000ms",
                                               "end"});
  CHECK(said({take_out("names-4-a", one)}) ==
        Texts{"begin", "new " + pair + " 1ms", "delete " + pair, "end"});
}

TEST_CASE("of several changes of a pair the last one counts, and what comes after a clearing") {
  CHECK(messages({put("names-4-a", one), put("names-4-a", other), take_out("names-4-a", one)}) ==
        Texts{"begin", "destroy names-4-a 192.0.2.7.203.0.113.1",
              "new names-4-a 192.0.2.8.203.0.113.2 60000ms", "end"});
  CHECK(messages({put("names-4-a", one), put("names-6-a", six), take_out_all("names-4-a"),
                  put("names-4-a", other)}) ==
        Texts{"begin", "delete names-4-a", "new names-4-a 192.0.2.8.203.0.113.2 60000ms",
              "new names-6-a fd00::7.2001:db8::1 60000ms", "end"});
}

TEST_CASE("a kernel since 6.12 gives a pair another timeout in its place") {
  CHECK(new_timeout_of("6.12.0") == NewTimeout::in_place);
  CHECK(new_timeout_of("6.18.3-amd64") == NewTimeout::in_place);
  CHECK(new_timeout_of("7.0") == NewTimeout::in_place);
  CHECK(new_timeout_of("6.11.9") == NewTimeout::by_replacing);
  CHECK(new_timeout_of("5.15.0-1-rt") == NewTimeout::by_replacing);
  CHECK(new_timeout_of("") == NewTimeout::by_replacing);
  CHECK(new_timeout_of("strange") == NewTimeout::by_replacing);
}

TEST_CASE("what is submitted is in the kernel when the wait is over") {
  FakeKernel kernel;
  NameSetWriter writer(kernel.transact(), NewTimeout::in_place);
  CHECK(writer.wait(writer.submit({put("names-4-a", one)}), long_enough));
  CHECK(kernel.done().size() == 1);
  CHECK(writer.refused() == 0);
}

TEST_CASE("what comes while the kernel is busy goes into one transaction, in its order") {
  FakeKernel kernel;
  NameSetWriter writer(kernel.transact(), NewTimeout::in_place);
  kernel.be_busy(true);
  writer.submit({put("names-4-a", one)});
  kernel.await_transaction(1);
  writer.submit({put("names-4-a", other)});
  const auto last = writer.submit({take_out("names-4-a", other)});
  kernel.be_busy(false);
  CHECK(writer.wait(last, long_enough));
  CHECK(kernel.transactions() == 2);
  CHECK(kernel.done() == Texts{"new names-4-a 192.0.2.7.203.0.113.1 60000ms",
                               "destroy names-4-a 192.0.2.8.203.0.113.2"});
}

TEST_CASE("a kernel that is busy holds an answer up for so long, and the next ones not at all") {
  FakeKernel kernel;
  NameSetWriter writer(kernel.transact(), NewTimeout::in_place);
  kernel.be_busy(true);
  const auto first = writer.submit({put("names-4-a", one)});
  CHECK_FALSE(writer.wait(first, Milliseconds(1)));
  const auto second = writer.submit({put("names-4-a", other)});
  CHECK_FALSE(writer.wait(second, Milliseconds(3'600'000)));  // or this test would not end
  kernel.be_busy(false);
  while (!writer.wait(second, long_enough)) std::this_thread::yield();
  CHECK(writer.wait(first, long_enough));
  kernel.be_busy(true);
  CHECK_FALSE(writer.wait(writer.submit({put("names-4-a", one)}), Milliseconds(1)));
  kernel.be_busy(false);
}

TEST_CASE("many changes are several transactions") {
  FakeKernel kernel;
  NameSetWriter writer(kernel.transact(), NewTimeout::in_place);
  std::vector<NameSetChange> many;
  for (std::uint32_t i = 0; i <= changes_in_one; ++i) {
    many.push_back(put("names-4-a", {one.client, Address::v4(i)}));
  }
  CHECK(writer.wait(writer.submit(many), long_enough));
  CHECK(kernel.transactions() == 2);
}

TEST_CASE("a set that is not there keeps no other from its changes") {
  FakeKernel kernel;
  NameSetWriter writer(kernel.transact(), NewTimeout::in_place);
  kernel.lack("names-6-a");
  CHECK(writer.wait(writer.submit({put("names-4-a", one), put("names-6-a", six)}), long_enough));
  CHECK(kernel.done() == Texts{"new names-4-a 192.0.2.7.203.0.113.1 60000ms"});
  CHECK(writer.refused() == 1);
}

TEST_CASE("a writer ends though the kernel has not done everything") {
  FakeKernel kernel;
  auto writer = std::make_unique<NameSetWriter>(kernel.transact(), NewTimeout::in_place);
  kernel.be_busy(true);
  writer->submit({put("names-4-a", one)});
  kernel.await_transaction(1);
  writer->submit({put("names-4-a", other)});
  kernel.be_busy(false);
  writer.reset();
  CHECK(kernel.transactions() <= 2);
}

namespace {

struct Sets {
  FakeKernel kernel;
  Names names;
  NameSets it{names.source(),
              std::make_unique<NameSetWriter>(kernel.transact(), NewTimeout::in_place)};

  // → what the kernel is told of it, when nothing is left to wait for.
  Texts learn(const NamePair& pair, const std::string& name) {
    names.know(pair, name);
    const auto ticket = it.learnt(std::span(&pair, 1), names.source().names_of, clock_now()).ticket;
    CHECK((ticket == 0 || it.wait(ticket)));
    return what_of(kernel.done());
  }
  // Without the time, and in order.
  static Texts what_of(Texts said) {
    for (std::string& each : said) {
      if (each.ends_with("ms")) each = each.substr(0, each.rfind(' '));
    }
    std::sort(said.begin(), said.end());
    return said;
  }
};

}  // namespace

TEST_CASE("what is learnt is in the kernel before the answer leaves, and out when it is in doubt") {
  Sets sets;
  CHECK_FALSE(sets.it.has_rules());
  CHECK(sets.learn(one, "ads.example").empty());
  sets.it.begin({rule_of("a", "ads.example")});
  sets.it.fill({});
  sets.it.finish({rule_of("a", "ads.example")});
  CHECK(sets.it.has_rules());
  CHECK(sets.kernel.done().size() == 3);  // both sets cleared, and what was known before
  CHECK(sets.learn(other, "ads.example") == Texts{"new names-4-a 192.0.2.8.203.0.113.2"});
  CHECK(sets.learn(other, "shop.example") == Texts{"destroy names-4-a 192.0.2.8.203.0.113.2"});
  CHECK(sets.learn(six, "shop.example").empty());
}

TEST_CASE("sets are filled for rules that come, and left alone when rules go") {
  Sets sets;
  const std::vector<NameRule> first = {rule_of("a", "ads.example")};
  const std::vector<NameRule> second = {rule_of("b", "shop.example")};
  sets.it.begin(first);
  sets.it.fill({});
  sets.it.finish(first);
  sets.learn(one, "ads.example");
  sets.learn(other, "shop.example");
  sets.kernel.done();
  sets.it.begin(second);
  sets.it.fill({});
  CHECK(Sets::what_of(sets.kernel.done()) ==
        Texts{"delete names-4-b", "delete names-6-b", "new names-4-b 192.0.2.8.203.0.113.2"});
  CHECK(sets.learn(six, "ads.example") == Texts{"new names-6-a fd00::7.2001:db8::1"});
  sets.it.finish(second);
  CHECK(sets.learn(pair_of("fd00::8", "2001:db8::2"), "ads.example").empty());
  sets.it.finish({});
  CHECK_FALSE(sets.it.has_rules());
}

TEST_CASE("a table that was taken away gets its sets' pairs again") {
  Sets sets;
  const std::vector<NameRule> rules = {rule_of("a", "ads.example")};
  sets.it.take_over(rules);
  sets.learn(one, "ads.example");
  sets.learn(six, "ads.example");
  sets.kernel.done();
  sets.it.begin(rules);
  sets.it.fill({"names-4-a"});
  sets.it.finish(rules);
  CHECK(Sets::what_of(sets.kernel.done()) ==
        Texts{"delete names-4-a", "new names-4-a 192.0.2.7.203.0.113.1"});
}

TEST_CASE("a list that has changed moves pairs in and out of a set that stands") {
  Sets sets;
  sets.it.take_over({rule_of("a", "ads.example")});
  sets.learn(one, "ads.example");
  sets.learn(other, "shop.example");
  sets.kernel.done();
  const std::vector<NameRule> rules = {rule_of("a", "shop.example")};
  sets.it.begin(rules);
  sets.it.fill({});
  sets.it.finish(rules);
  CHECK(Sets::what_of(sets.kernel.done()) ==
        Texts{"destroy names-4-a 192.0.2.7.203.0.113.1", "new names-4-a 192.0.2.8.203.0.113.2"});
}

TEST_CASE("two workers that learn names of one pair leave it in the sets as both names say") {
  Sets sets;
  sets.it.take_over({rule_of("a", "ads.example")});
  for (int i = 0; i < 200; ++i) {
    const NamePair pair{one.client, Address::v4(static_cast<std::uint32_t>(0x0a000000 + i))};
    const auto learn = [&](const std::string& name) {
      sets.names.know(pair, name);
      static_cast<void>(sets.it.wait(
          sets.it.learnt(std::span(&pair, 1), sets.names.source().names_of, clock_now()).ticket));
    };
    auto first = std::async(std::launch::async, [&]() { learn("ads.example"); });
    learn("shop.example");
    first.get();
    const Texts said = sets.kernel.done();
    if (!said.empty() && said.back().starts_with("new ")) {
      FAIL("the pair is in the set: " << said.back());
    }
  }
}

}  // namespace weir::firewall
