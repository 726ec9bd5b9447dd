// The policy `knock`: goes to the flow's own destination, says a word and waits for "OK".
#include <array>
#include <memory>

#include "upstream/shared_keys.h"
#include "weir/upstream.h"

namespace weir {
namespace {

class KnockHandshake final : public Handshake {
 public:
  explicit KnockHandshake(const std::string& word) : line_(word + "\n") {}
  State start(const Opening&, std::string& out) override {
    out += line_;
    return State::waiting;
  }
  Progress receive(std::string_view in, std::string&) override {
    const auto end = in.find('\n');
    answer_ += in.substr(0, end);
    if (answer_.size() > 80 || (end != std::string_view::npos && answer_ != "OK")) {
      return fail("knock: not opened");
    }
    // A handshake that waits takes everything; what is left after the answer belongs to the flow.
    return end == std::string_view::npos ? Progress{State::waiting, in.size()}
                                         : Progress{State::done, end + 1};
  }

 private:
  std::string line_, answer_;
};

class Knock final : public Upstream {
 public:
  Knock(UpstreamProfile profile, std::string word)
      : Upstream(std::move(profile)), word_(std::move(word)) {}
  std::vector<std::string> describe(const Flow& flow) const override {
    return {flow.destination.text()};
  }
  Datagrams datagrams() const override { return Datagrams::none; }  // `weir check` refuses UDP

 private:
  Route do_route(const Flow& flow, const Target& target,
                 std::span<const std::shared_ptr<Server>>) const override {
    Route out;
    out.verdict = flow.protocol == Protocol::tcp ? Route::Verdict::dial : Route::Verdict::no_server;
    out.remote = target.endpoint;
    out.source = profile().source;
    out.options = &profile().options;
    out.hops.push_back({nullptr, name(), std::make_unique<KnockHandshake>(word_)});
    return out;
  }
  std::string word_;
};

constexpr std::array keys{
    Key{.name = "word", .default_value = "KNOCK", .description = "said first"}, via_key};

}  // namespace

extern const PolicyType knock_policy;
constinit const PolicyType knock_policy{
    "knock", "knocks first", keys,
    [](const Settings& settings, UpstreamProfile profile, ServerPool&, const UpstreamLookup&) {
      return Result(std::shared_ptr<Upstream>(
          std::make_shared<Knock>(std::move(profile), settings.text("word"))));
    }};

}  // namespace weir
