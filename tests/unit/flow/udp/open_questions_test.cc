#include "flow/udp/open_questions.h"

#include <vector>

#include "catch.h"

namespace weir {
namespace {

using Datagram = std::vector<std::uint8_t>;
using Questions = OpenQuestions<4>;

// For the name of one letter.
Datagram question(std::uint16_t id, char name = 'a') {
  return {static_cast<std::uint8_t>(id >> 8U),
          static_cast<std::uint8_t>(id & 0xffU),
          1,
          0,
          0,
          1,
          0,
          0,
          0,
          0,
          0,
          0,
          1,
          static_cast<std::uint8_t>(name),
          0,
          0,
          1,
          0,
          1};
}

Datagram answer(std::uint16_t id, char name = 'a') {
  Datagram out = question(id, name);
  out[2] = 0x81;
  return out;
}

}  // namespace

TEST_CASE("a question waits until it is answered, and is answered once") {
  Questions questions;
  CHECK(questions.none());
  questions.asked(question(0x1234));
  CHECK_FALSE(questions.none());
  CHECK_FALSE(questions.answered(answer(0x1235)));
  CHECK_FALSE(questions.answered(answer(0x3412)));
  CHECK_FALSE(questions.answered(answer(0x1234, 'b')));
  CHECK_FALSE(questions.none());
  CHECK(questions.answered(answer(0x1234)));
  CHECK(questions.none());
  CHECK_FALSE(questions.answered(answer(0x1234)));
  CHECK_FALSE(questions.is_track_lost());
  CHECK_FALSE(questions.is_foreign());
}

TEST_CASE("answers may come in any order, and a question that is repeated is one question") {
  Questions questions;
  for (const std::uint16_t id : std::vector<std::uint16_t>{1, 2, 3, 2, 1}) {
    questions.asked(question(id));
  }
  for (const std::uint16_t id : std::vector<std::uint16_t>{2, 3}) {
    CHECK(questions.answered(answer(id)));
    CHECK_FALSE(questions.none());
  }
  CHECK(questions.answered(answer(1)));
  CHECK(questions.none());
}

TEST_CASE("an answer without its question answers by its ID") {
  Questions questions;
  questions.asked(question(7));
  Datagram bare = answer(7);
  bare[5] = 0;
  bare.resize(12);
  CHECK(questions.answered(bare));
  CHECK(questions.none());
}

TEST_CASE("more questions than are kept lose track, for good") {
  Questions questions;
  for (std::uint16_t id = 0; id < 4; ++id) {
    questions.asked(question(id));
    CHECK_FALSE(questions.is_track_lost());
  }
  questions.asked(question(0));  // one of them
  CHECK_FALSE(questions.is_track_lost());
  questions.asked(question(4));
  CHECK(questions.is_track_lost());
  for (std::uint16_t id = 0; id < 4; ++id) {
    CHECK(questions.answered(answer(id)));
  }
  CHECK(questions.none());
  CHECK(questions.is_track_lost());
  CHECK_FALSE(questions.is_foreign());
}

TEST_CASE("what is no question, or no answer, makes these no questions, for good") {
  const Datagram whole = question(7);
  const Datagram its_answer = answer(7);
  for (std::size_t size = 0; size < 12; ++size) {
    Questions short_question;
    short_question.asked(std::span(whole).first(size));
    CHECK(short_question.is_foreign());
    Questions short_answer;
    short_answer.asked(whole);
    CHECK_FALSE(short_answer.answered(std::span(its_answer).first(size)));
    CHECK(short_answer.is_foreign());
  }
  Questions turned_round;
  turned_round.asked(answer(7));
  CHECK(turned_round.is_foreign());
  Questions echoed;
  echoed.asked(whole);
  CHECK_FALSE(echoed.answered(whole));
  CHECK(echoed.is_foreign());
}

TEST_CASE("another process goes on with what is kept") {
  Questions before;
  before.asked(question(1));
  before.asked(question(2));
  auto after = Questions::restored(before.kept());
  CHECK(after.answered(answer(1)));
  CHECK_FALSE(after.none());
  CHECK(after.answered(answer(2)));
  CHECK(after.none());
}

}  // namespace weir
