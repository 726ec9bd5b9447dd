#include "flow/udp/pending_queries.h"

#include <vector>

#include "catch.h"

namespace weir {
namespace {

using Datagram = std::vector<std::uint8_t>;
using Queries = PendingQueries<4>;

// For the name of one letter.
Datagram query(std::uint16_t id, char name = 'a') {
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
  Datagram out = query(id, name);
  out[2] = 0x81;
  return out;
}

}  // namespace

TEST_CASE("a query waits until it is answered, and is answered once") {
  Queries queries;
  CHECK(queries.none());
  queries.asked(query(0x1234));
  CHECK_FALSE(queries.none());
  CHECK_FALSE(queries.answered(answer(0x1235)));
  CHECK_FALSE(queries.answered(answer(0x3412)));
  CHECK_FALSE(queries.answered(answer(0x1234, 'b')));
  CHECK_FALSE(queries.none());
  CHECK(queries.answered(answer(0x1234)));
  CHECK(queries.none());
  CHECK_FALSE(queries.answered(answer(0x1234)));
  CHECK_FALSE(queries.is_track_lost());
  CHECK_FALSE(queries.is_foreign());
}

TEST_CASE("answers may come in any order, and a query that is repeated is one query") {
  Queries queries;
  for (const std::uint16_t id : std::vector<std::uint16_t>{1, 2, 3, 2, 1}) {
    queries.asked(query(id));
  }
  for (const std::uint16_t id : std::vector<std::uint16_t>{2, 3}) {
    CHECK(queries.answered(answer(id)));
    CHECK_FALSE(queries.none());
  }
  CHECK(queries.answered(answer(1)));
  CHECK(queries.none());
}

TEST_CASE("a response without its question answers by its ID") {
  Queries queries;
  queries.asked(query(7));
  Datagram bare = answer(7);
  bare[5] = 0;
  bare.resize(12);
  CHECK(queries.answered(bare));
  CHECK(queries.none());
}

TEST_CASE("more queries than are kept lose track, for good") {
  Queries queries;
  for (std::uint16_t id = 0; id < 4; ++id) {
    queries.asked(query(id));
    CHECK_FALSE(queries.is_track_lost());
  }
  queries.asked(query(0));  // one of them
  CHECK_FALSE(queries.is_track_lost());
  queries.asked(query(4));
  CHECK(queries.is_track_lost());
  for (std::uint16_t id = 0; id < 4; ++id) {
    CHECK(queries.answered(answer(id)));
  }
  CHECK(queries.none());
  CHECK(queries.is_track_lost());
  CHECK_FALSE(queries.is_foreign());
}

TEST_CASE("what is no query, or no response, makes these no queries, for good") {
  const Datagram whole = query(7);
  const Datagram its_answer = answer(7);
  for (std::size_t size = 0; size < 12; ++size) {
    Queries short_question;
    short_question.asked(std::span(whole).first(size));
    CHECK(short_question.is_foreign());
    Queries short_answer;
    short_answer.asked(whole);
    CHECK_FALSE(short_answer.answered(std::span(its_answer).first(size)));
    CHECK(short_answer.is_foreign());
  }
  Queries turned_round;
  turned_round.asked(answer(7));
  CHECK(turned_round.is_foreign());
  Queries echoed;
  echoed.asked(whole);
  CHECK_FALSE(echoed.answered(whole));
  CHECK(echoed.is_foreign());
}

TEST_CASE("another process goes on with what is kept") {
  Queries before;
  before.asked(query(1));
  before.asked(query(2));
  auto after = Queries::restored(before.kept());
  CHECK(after.answered(answer(1)));
  CHECK_FALSE(after.none());
  CHECK(after.answered(answer(2)));
  CHECK(after.none());
}

}  // namespace weir
