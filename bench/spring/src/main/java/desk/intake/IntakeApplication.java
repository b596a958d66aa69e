package desk.intake;

import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.SpringBootApplication;

/**
 * Opens an inquiry for every cancellation that customers submit, and asks for one cancellation per
 * contract. MODE says how: {@link RecordListener} or {@link BatchListener}.
 */
@SpringBootApplication
public class IntakeApplication {

    public static void main(String[] args) {
        SpringApplication.run(IntakeApplication.class, args);
    }
}
