// Keeps the rules in place for as long as the gateway runs (`weir run --firewall`): installs them,
// watches them, puts back what others take away, replaces them at a reload, and at the end removes
// them or leaves them refusing, as on-failure says.
//
// Repairs stop after a few in a row: a tool that takes the rules away again and again is the
// operator's to talk to. status() then says so until the next reload.
//
// Main thread, on its loop. Calls programs and waits for them, for milliseconds.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/log.h"
#include "firewall/change_feed.h"
#include "firewall/guardian.h"
#include "firewall/repairs.h"
#include "firewall/standing.h"
#include "loop/loop.h"

namespace weir::firewall {

class Keeper {
 public:
  // `around` runs the function it is given: the owner may have to know when programs are started.
  using Around = std::function<void(const std::function<void()>&)>;

  static Result<std::unique_ptr<Keeper>> start(Loop& loop, Log& log, const Ruleset& ruleset,
                                               Backend backend, Around around);
  // Goes on with the rules of a gateway that is being taken over, and with its guardian (null: it
  // has none). They are replaced where these are others; they stay if nothing comes of it.
  struct Inherited {
    Standing standing;
    std::unique_ptr<Guardian> guardian;
  };
  static Result<std::unique_ptr<Keeper>> inherit(Loop& loop, Log& log, const Ruleset& ruleset,
                                                 Inherited from, Around around);
  // They are ours alone now: a guardian that nothing is left to do for is dismissed.
  void settle();

  // A successor looks after the rules: nothing is repaired, until resume().
  void rest() { resting_ = true; }
  void resume();
  // It has taken them over.
  void leave();
  // Of an inherited keeper: nothing came of it, they stay the other's.
  void abandon();
  [[nodiscard]] const Standing& standing() const { return standing_; }
  [[nodiscard]] const Guardian* guardian() const { return guardian_.get(); }

  ~Keeper();
  Keeper(const Keeper&) = delete;
  Keeper& operator=(const Keeper&) = delete;

  // Other rules from now on. On error those that were there stay. `about_to` is called before rules
  // are written, if any have to be.
  Result<> replace(const Ruleset& ruleset, const std::function<void()>& about_to);

  struct Status {
    Backend backend = Backend::nft;
    std::uint64_t repairs = 0;
    std::string trouble;  // why the rules are not what they should be; empty: they are
  };
  [[nodiscard]] Status status() const;

 private:
  Keeper(Loop& loop, Log& log, Backend backend, Around around);

  Result<> watch();
  Result<> guard(const Ruleset& ruleset);
  void changed(const std::string& who);
  void look();
  void repair(const std::string& damage);
  void give_up(const std::string& damage);

  Loop& loop_;
  Log& log_;
  Backend backend_;
  Around around_;
  Standing standing_;
  Repairs repairs_;
  std::string who_;  // changed something since we looked, as far as we know
  std::string trouble_;
  bool looking_soon_ = false;
  bool resting_ = false;
  std::unique_ptr<Guardian> guardian_;
  std::unique_ptr<ChangeFeed> feed_;
  std::unique_ptr<Timer> soon_;
  std::unique_ptr<Timer> now_and_then_;
};

}  // namespace weir::firewall
