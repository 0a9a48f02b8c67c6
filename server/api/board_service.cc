#include "server/api/board_service.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "cli/client/grpc_status.h"
#include "core/base/status.h"
#include "core/board/board_type.h"
#include "core/space/network_limits.h"
#include "server/api/no_such.h"
#include "server/api/page_token.h"

namespace boardloop {
namespace {

constexpr int32_t kPage = 100;

template <typename Row>
std::string NameOf(const Row& row) {
  return row.name();
}

v1::BoardType ToProto(const BoardType& type) {
  v1::BoardType proto;
  proto.set_name(type.name);
  proto.set_description(type.description);
  proto.set_core(type.core);
  proto.set_clock_hz(type.clock_hz);
  const SpaceLimits limits = NetworkLimits(type);
  proto.set_sram_bytes(limits.sram_bytes);
  proto.set_flash_bytes(limits.flash_bytes);
  proto.set_measurable(type.support.has_value());
  proto.set_virtual_(type.support.has_value() && type.support->is_virtual);
  return proto;
}

absl::Status CountUse(Transaction& tx, const std::vector<v1::Board>& boards, absl::Time now,
                      v1::BoardType& type) {
  for (const v1::Board& board : boards) {
    if (board.board_type() != type.name()) continue;
    type.set_boards(type.boards() + 1);
    if (InService(board)) type.set_boards_in_service(type.boards_in_service() + 1);
  }
  BL_ASSIGN_OR_RETURN(const std::vector<QueuedOwner> owners,
                      tx.QueuedOwners(store::Task::MEASURE, type.name()));
  for (const QueuedOwner& owner : owners) {
    type.set_queued(type.queued() + static_cast<int32_t>(owner.queued));
    const double age = absl::ToDoubleSeconds(now - absl::FromUnixMillis(owner.oldest_time_ms));
    type.set_oldest_queued_seconds(std::max(type.oldest_queued_seconds(), age));
  }
  BL_ASSIGN_OR_RETURN(const std::optional<store::Predictor> predictor,
                      tx.GetPredictor(type.name()));
  if (predictor.has_value()) {
    type.set_predictor_measurements(predictor->measurements());
    type.set_predictor_error_percent(predictor->error_percent());
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status BoardService::Change(const std::string& name, const std::string& etag,
                                  const std::function<absl::Status(v1::Board&)>& change,
                                  v1::Board& response) {
  return store_.Run([&](Transaction& tx) -> absl::Status {
    BL_ASSIGN_OR_RETURN(std::optional<v1::Board> board, tx.GetBoard(name));
    if (!board.has_value()) return NoSuch(name);
    if (!etag.empty() && etag != board->etag()) {
      return absl::AbortedError(absl::StrFormat(
          "%s has changed: etag \"%s\" was given, it is \"%s\" now", name, etag, board->etag()));
    }
    const std::string before = board->etag();
    BL_RETURN_IF_ERROR(change(*board));
    if (board->etag() != before) {
      BL_RETURN_IF_ERROR(AddEvent(tx, clock_.Now(), name,
                                  absl::StrCat("BOARD_", v1::Board::State_Name(board->state())),
                                  board->reason()));
      BL_RETURN_IF_ERROR(tx.PutBoard(*board));
    }
    response = *std::move(board);
    return absl::OkStatus();
  });
}

grpc::Status BoardService::GetBoard(grpc::ServerContext* /*context*/,
                                    const v1::GetBoardRequest* request, v1::Board* response) {
  return ToGrpc(store_.Read([&](Transaction& tx) -> absl::Status {
    BL_ASSIGN_OR_RETURN(std::optional<v1::Board> board, tx.GetBoard(request->name()));
    if (!board.has_value()) return NoSuch(request->name());
    *response = *std::move(board);
    return absl::OkStatus();
  }));
}

grpc::Status BoardService::ListBoards(grpc::ServerContext* /*context*/,
                                      const v1::ListBoardsRequest* request,
                                      v1::ListBoardsResponse* response) {
  return ToGrpc(store_.Read([&](Transaction& tx) -> absl::Status {
    BL_ASSIGN_OR_RETURN(const std::vector<v1::Board> all, tx.ListBoards());
    std::vector<v1::Board> boards;
    for (const v1::Board& board : all) {
      if (request->board_type().empty() || board.board_type() == request->board_type()) {
        boards.push_back(board);
      }
    }
    BL_ASSIGN_OR_RETURN(
        const ListPage page,
        ListPage::Of(*request, kPage, absl::StrCat("boards/", request->board_type())));
    response->set_next_page_token(page.CutByName(boards, NameOf<v1::Board>));
    *response->mutable_boards() = {boards.begin(), boards.end()};
    return absl::OkStatus();
  }));
}

grpc::Status BoardService::DrainBoard(grpc::ServerContext* /*context*/,
                                      const v1::DrainBoardRequest* request, v1::Board* response) {
  return ToGrpc(Change(
      request->name(), request->etag(),
      [&](v1::Board& board) {
        Drain(board, request->reason(), clock_.Now());
        return absl::OkStatus();
      },
      *response));
}

grpc::Status BoardService::QuarantineBoard(grpc::ServerContext* /*context*/,
                                           const v1::QuarantineBoardRequest* request,
                                           v1::Board* response) {
  if (request->reason().empty()) {
    return ToGrpc(absl::InvalidArgumentError("reason is empty: the next person needs to know why"));
  }
  return ToGrpc(Change(
      request->name(), request->etag(),
      [&](v1::Board& board) {
        Quarantine(board, request->reason(), clock_.Now());
        return absl::OkStatus();
      },
      *response));
}

grpc::Status BoardService::ReturnBoard(grpc::ServerContext* /*context*/,
                                       const v1::ReturnBoardRequest* request, v1::Board* response) {
  return ToGrpc(Change(
      request->name(), "", [&](v1::Board& board) { return Return(board, clock_.Now()); },
      *response));
}

grpc::Status BoardService::ListBoardTypes(grpc::ServerContext* /*context*/,
                                          const v1::ListBoardTypesRequest* /*request*/,
                                          v1::ListBoardTypesResponse* response) {
  for (const std::string& name : BoardTypeNames()) {
    const absl::StatusOr<BoardType> type = LoadBoardType(name);
    if (!type.ok()) return ToGrpc(type.status());
    *response->add_board_types() = ToProto(*type);
  }
  return ToGrpc(store_.Read([&](Transaction& tx) -> absl::Status {
    BL_ASSIGN_OR_RETURN(const std::vector<v1::Board> boards, tx.ListBoards());
    for (v1::BoardType& type : *response->mutable_board_types()) {
      BL_RETURN_IF_ERROR(CountUse(tx, boards, clock_.Now(), type));
    }
    return absl::OkStatus();
  }));
}

grpc::Status BoardService::ListMembers(grpc::ServerContext* /*context*/,
                                       const v1::ListMembersRequest* request,
                                       v1::ListMembersResponse* response) {
  return ToGrpc(store_.Read([&](Transaction& tx) -> absl::Status {
    BL_ASSIGN_OR_RETURN(const std::vector<v1::Member> all, tx.ListMembers());
    std::vector<v1::Member> members;
    for (const v1::Member& member : all) {
      if (request->kind() != v1::Member::KIND_UNSPECIFIED && member.kind() != request->kind()) {
        continue;
      }
      members.push_back(member);
      scheduler_.FillMember(members.back());
    }
    BL_ASSIGN_OR_RETURN(const ListPage page,
                        ListPage::Of(*request, kPage, absl::StrCat("members/", request->kind())));
    response->set_next_page_token(page.CutByName(members, NameOf<v1::Member>));
    *response->mutable_members() = {members.begin(), members.end()};
    return absl::OkStatus();
  }));
}

}  // namespace boardloop
