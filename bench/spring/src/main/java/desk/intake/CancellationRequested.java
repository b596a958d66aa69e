package desk.intake;

import java.time.LocalDate;
import java.time.OffsetDateTime;

/** A customer asks to cancel this one contract. */
record CancellationRequested(
        String inquiryId,
        String customerId,
        Channel channel,
        OffsetDateTime receivedAt,
        String contractNumber,
        Contact contact,
        LocalDate requestedEndOn,
        boolean destructionConfirmed,
        Signature signature) {

    static final String TYPE = "cancellation.requested.v1";
}
