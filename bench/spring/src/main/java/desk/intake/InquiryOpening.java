package desk.intake;

import static java.time.format.DateTimeFormatter.ISO_OFFSET_DATE_TIME;

import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.bson.Document;
import org.springframework.stereotype.Component;
import tools.jackson.databind.json.JsonMapper;

/** A sound submission becomes an inquiry and one request per contract. */
@Component
class InquiryOpening {

    private final JsonMapper json;

    InquiryOpening(JsonMapper json) {
        this.json = json;
    }

    /** The current instant, to the millisecond: what MongoDB keeps and events repeat. */
    static OffsetDateTime now() {
        return OffsetDateTime.now(ZoneOffset.UTC).truncatedTo(ChronoUnit.MILLIS);
    }

    /** The new inquiry with its events; {@code profile} is the customer's own contact or null. */
    Inquiry open(Received received, Contact profile, OffsetDateTime now) {
        Submission submission = received.submission();
        Contact contact = submission.contact().completedWith(profile);
        InquiryOpened opened = opened(received, contact, now);

        var ids = new EventIds(received);
        List<Inquiry.Event> events = new ArrayList<>();
        events.add(event(ids.next(), InquiryOpened.TYPE, opened));
        for (String number : submission.contractNumbers()) {
            var requested = requested(submission, opened.inquiryId(), number, contact);
            events.add(event(ids.next(), CancellationRequested.TYPE, requested));
        }
        return new Inquiry(
                opened.inquiryId(),
                1,
                Inquiry.State.of(opened),
                List.of(entry(received, now, events)));
    }

    private static InquiryOpened opened(Received received, Contact contact, OffsetDateTime now) {
        Submission submission = received.submission();
        return new InquiryOpened(
                received.inquiryId().toString(),
                received.id(),
                Identity.reference(received.inquiryId()),
                "cancellation",
                submission.customerId(),
                submission.channel(),
                submission.language().equals("en")
                        ? "Cancellation request"
                        : "Solicitud de cancelación",
                "cancellations",
                now,
                // The desk's calendar of staffed hours is left out, to this service's advantage.
                now.plusDays(1),
                contact,
                submission.language(),
                submission.contractNumbers(),
                details(submission));
    }

    private static CancellationRequested requested(
            Submission submission, String inquiryId, String contractNumber, Contact contact) {
        return new CancellationRequested(
                inquiryId,
                submission.customerId(),
                submission.channel(),
                submission.receivedAt(),
                contractNumber,
                contact,
                submission.futureEnd(),
                Boolean.TRUE.equals(submission.destructionConfirmed()),
                submission.signature());
    }

    private static List<InquiryOpened.Detail> details(Submission submission) {
        var lines = new ArrayList<InquiryOpened.Detail>();
        add(lines, "received_at", ISO_OFFSET_DATE_TIME.format(submission.receivedAt()));
        add(lines, "contract_numbers", String.join(", ", submission.contractNumbers()));
        Contact contact = submission.contact();
        add(lines, "contact.name", contact.name());
        add(lines, "contact.email", contact.email());
        add(lines, "contact.phone", contact.phone());
        add(lines, "contact.postal_address", contact.postalAddress());
        add(lines, "requested_end_on", submission.requestedEndOn());
        add(lines, "destruction_confirmed", submission.destructionConfirmed());
        Signature signature = submission.signature();
        if (signature != null) {
            add(lines, "signature.kind", signature.kind().name().toLowerCase());
            add(lines, "signature.reference", signature.reference());
            add(lines, "signature.signed_by", signature.signedBy());
            add(lines, "signature.signed_on", signature.signedOn());
        }
        add(lines, "comment", submission.comment());
        return lines;
    }

    private static void add(List<InquiryOpened.Detail> lines, String field, Object value) {
        if (value != null) {
            lines.add(new InquiryOpened.Detail(field, value.toString()));
        }
    }

    private static Inquiry.Entry entry(
            Received received, OffsetDateTime now, List<Inquiry.Event> events) {
        ConsumerRecord<String, byte[]> record = received.record();
        return new Inquiry.Entry(
                received.messageId(),
                received.digest(),
                record.topic(),
                record.partition(),
                record.offset(),
                now.toInstant(),
                received.id(),
                received.correlationId(),
                received.traceparent(),
                events);
    }

    private Inquiry.Event event(String id, String type, Object data) {
        return new Inquiry.Event(id, type, json.convertValue(data, Document.class));
    }

    /** The deterministic ids of the events that one submission causes. */
    private static class EventIds {

        private final UUID cause;
        private final String owner;
        private int index;

        EventIds(Received received) {
            cause = received.inquiryId();
            owner = EventPublisher.SOURCE + " inquiry " + cause + " " + received.digest();
        }

        String next() {
            return Identity.uuid5(cause, owner + " " + ++index).toString();
        }
    }
}
