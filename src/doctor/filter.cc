// A probe stands for many packets, so its path through a chain can fork: a step may end it for some
// of them, or it is uncertain whether it does. The walk follows what is left over, and notes every
// ending with how sure it is. What is certain for all that is left ends the walk.
#include "doctor/filter.h"

#include <algorithm>

namespace weir::doctor {

namespace {

constexpr int deepest = 16;  // as the kernel's own limit for jumps

struct Ending {
  Act act = Act::accept;
  Answer reached = Answer::yes;
  const Step* step = nullptr;
  const Step* doubt = nullptr;  // the first step on the way that is not understood
};

class Walk {
 public:
  Walk(const Filter& filter, const Probe& probe) : filter_(filter), probe_(probe) {}

  // What the chain leaves over: nothing, or what its policy is for. `doubt` is the step that makes
  // `reached` unknown.
  Answer walk_chain(const std::string& chain, Answer reached, const Step*& doubt, int depth) {
    const auto found = filter_.chains.find(chain);
    if (found == filter_.chains.end() || depth > deepest) {
      return reached;
    }
    Answer left_by_return = Answer::no;
    for (const Step& step : found->second) {
      const Answer answer = met(step);
      const Answer meets = both(reached, answer);
      if (meets == Answer::no || step.act == Act::nothing) {
        continue;
      }
      if (step.act == Act::remark) {
        probe_.mark.reset();
        continue;
      }
      const Step* step_doubt = doubt == nullptr && answer == Answer::unknown ? &step : doubt;
      Answer stays = Answer::no;  // those that come back from the step
      if (step.act == Act::jump) {
        stays = walk_chain(step.target, meets, step_doubt, depth + 1);
      } else if (step.act == Act::go_to) {
        left_by_return =
            either(left_by_return, walk_chain(step.target, meets, step_doubt, depth + 1));
      } else if (step.act == Act::leave) {
        left_by_return = either(left_by_return, meets);
      } else {
        endings_.push_back({step.act, meets, &step, step_doubt});
      }
      if (answer == Answer::yes) {
        reached = stays;
      } else if (stays != meets) {
        // A part went elsewhere, and a part goes on.
        reached = both(reached, both(meets, Answer::some));
      } else {
        continue;
      }
      doubt = step_doubt;
      if (reached == Answer::no) {
        break;
      }
    }
    return either(reached, left_by_return);
  }

  [[nodiscard]] const std::vector<Ending>& endings() const { return endings_; }
  void end(Act act, Answer reached, const Step* doubt) {
    endings_.push_back({act, reached, nullptr, doubt});
  }

 private:
  Answer met(const Step& step) {
    Answer all = Answer::yes;
    for (const Condition& condition : step.conditions) {
      all = both(all, condition(probe_));
      if (all == Answer::no) {
        break;
      }
    }
    return all;
  }

  const Filter& filter_;
  Probe probe_;
  std::vector<Ending> endings_;
};

}  // namespace

std::vector<Judgement> refusals(const Filter& filter, const BaseChain& base, const Probe& probe) {
  Walk walk(filter, probe);
  const Step* doubt = nullptr;
  if (const Answer left = walk.walk_chain(base.chain, Answer::yes, doubt, 0); left != Answer::no) {
    walk.end(base.refuses ? Act::refuse : Act::accept, left, doubt);
  }
  const auto& endings = walk.endings();
  std::vector<Judgement> all;
  for (const Ending& ending : endings) {
    if (ending.act == Act::accept) {
      continue;
    }
    if (ending.act == Act::unknown) {
      all.push_back({Fate::uncertain, ending.step});
    } else if (ending.reached == Answer::unknown) {
      all.push_back({Fate::uncertain, ending.doubt != nullptr ? ending.doubt : ending.step});
    } else if (ending.reached == Answer::some && &ending != &endings.back()) {
      all.push_back({Fate::partly_refused, ending.step});
    } else {
      all.push_back({Fate::refused, ending.step});
    }
  }
  return all;
}

Judgement judge(const Filter& filter, const BaseChain& base, const Probe& probe) {
  Judgement worst;
  for (const Judgement& one : refusals(filter, base, probe)) {
    if (one.fate > worst.fate) {
      worst = one;
    }
  }
  return worst;
}

}  // namespace weir::doctor
