// The names of the wire contract that the panel uses, under the names that it uses them by.

export type {
  AgentName,
  Attachment,
  ErrorCode,
  EventFrame,
  FromAgent,
  Lane,
  LaneCourse,
  LaneFigures,
  LanePromises,
  Me,
  ReadMarks,
  Sender,
  State,
  Status as AgentStatus,
  ToAgent,
  TransferTo,
  UnassignReason,
  VisitorCard,
  WaitingRow,
  Why,
} from "../../client/wire.ts";
